// {"text": "(01)…"} or {"link": "https://…"} -> "" if it is accepted, else the name of the rule it breaks.
module.exports = installed => {
  const bwip = installed('bwip-js/node')
  return q => {
    try {
      if (q.link !== undefined) {
        bwip.raw({ bcid: 'gs1dldatamatrix', text: q.link, lintreqs: true })
      } else {
        bwip.raw({ bcid: 'gs1datamatrix', text: q.text, lintreqs: true })
      }
      return ''
    } catch (e) {
      return String(e.message || e)
    }
  }
}
