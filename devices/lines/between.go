package lines

// Between reports that no code is under way: what comes next begins one. A
// device that also answers commands may begin an answer here.
func (d *Decoder) Between() bool { return !d.any }
