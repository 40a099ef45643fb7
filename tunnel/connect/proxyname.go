package connect

// ProxyName says which proxy Dial goes through and who has named it, without
// its password; "" means none.
func (o Options) ProxyName() (string, error) {
	p, err := o.findProxy()
	if err != nil || p == nil {
		return "", err
	}
	return printable(p.address) + " (" + p.scheme + ", from " + p.source() + ")", nil
}
