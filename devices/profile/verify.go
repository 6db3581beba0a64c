package profile

// Verification is the content of the barcode that proves a set-up, scanned
// last. It begins with a word by which it is known, and what follows shows what
// goes wrong most: y and z change places between English and German keyboards,
// a and q, w and z, and m between English and French ones, signs between all of
// them; letters in both cases show Caps Lock; and GS (1D) is what keyboard mode
// loses. It is not GS1 data and does not begin with FNC1, so that no rule for
// GS1 ever touches it. Package verify says what a received one means.
const Verification = "SCANPOST-aZyzYqwM_/?@\"#\x1d0123456789"
