// {"uri": "urn:epc:tag:…"} or {"hex": "30…"} -> what it reads of the tag; a URI is written into a tag first.
module.exports = installed => {
  const tds = installed('epc-tds')
  return q => {
    try {
      const hex = q.uri === undefined ? q.hex : tds.fromTagURI(q.uri).toHexString()
      const tag = tds.valueOf(hex)
      return { hex, tag: tag.toTagURI(), id: tag.toIdURI(), code: tag.toBarcode ? String(tag.toBarcode()) : '' }
    } catch (e) {
      return { error: String(e.message || e) }
    }
  }
}
