// node ask.cjs NAME: answers each line of standard input, a JSON value, with
// one line, the JSON of what the module NAME.cjs says to it.
const path = require('path')
const { createRequire } = require('module')
const readline = require('readline')

const installed = createRequire(path.join(process.env.ORACLE_MODULES, 'package.json'))
const answer = require('./' + process.argv[2] + '.cjs')(installed)

const out = []
readline.createInterface({ input: process.stdin })
  .on('line', line => out.push(JSON.stringify(answer(JSON.parse(line)))))
  .on('close', () => process.stdout.write(out.join('\n') + '\n'))
