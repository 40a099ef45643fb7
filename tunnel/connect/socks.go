package connect

// SOCKS 5, RFC 1928 and 1929. Names are resolved by the proxy for socks5 and
// socks5h alike: who needs a proxy often cannot resolve names of the outside.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Numbers of the protocol.
const (
	socksVersion  = 5
	socksConnect  = 1
	socksIPv4     = 1
	socksName     = 3
	socksIPv6     = 4
	socksOpen     = 0    // method: no login
	socksLogin    = 2    // method: user and password
	socksNoMethod = 0xff // none of those offered
	loginVersion  = 1
)

var errNotSOCKS = errors.New("the answer is not socks 5")

// passSOCKS asks for the way to Address. Answers are read byte for byte, so
// that none of what follows is taken from whoever goes on with the socket.
func (w way) passSOCKS(conn net.Conn) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(w.timeout())); err != nil {
		return nil, w.stepError(w.proxy.hop(), StepConnect, err)
	}
	err := w.greetSOCKS(conn)
	if err == nil {
		err = w.askSOCKS(conn)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	var refused *ProxyError
	switch {
	case err == nil:
		return conn, nil
	case errors.As(err, &refused):
		return nil, err
	}
	return nil, w.stepError(w.proxy.hop(), StepConnect, err)
}

// greetSOCKS agrees on a method and logs in where that is it.
func (w way) greetSOCKS(conn net.Conn) error {
	hello := []byte{socksVersion, 1, socksOpen}
	if w.proxy.known {
		hello = []byte{socksVersion, 2, socksOpen, socksLogin}
	}
	answer, err := exchange(conn, hello, 2)
	if err != nil {
		return err
	}
	switch method := answer[1]; {
	case answer[0] != socksVersion:
		return errNotSOCKS
	case method == socksOpen:
		return nil
	case method == socksLogin && w.proxy.known:
		return w.logIn(conn)
	case method == socksNoMethod && w.proxy.known:
		return w.socksRefusal("it takes neither a password nor none", "ask its administrator how to log in")
	case method == socksNoMethod:
		return w.socksRefusal("it asks for a password", w.wantsLogin(nil))
	default:
		return errNotSOCKS
	}
}

func (w way) logIn(conn net.Conn) error {
	login := []byte{loginVersion, byte(len(w.proxy.user))}
	login = append(login, w.proxy.user...)
	login = append(login, byte(len(w.proxy.password)))
	login = append(login, w.proxy.password...)
	answer, err := exchange(conn, login, 2)
	if err != nil {
		return err
	}
	if answer[1] != 0 {
		return w.socksRefusal("it does not know this user or password", w.wantsLogin(nil))
	}
	return nil
}

func (w way) askSOCKS(conn net.Conn) error {
	ask, err := socksRequest(w.Address)
	if err != nil {
		return err
	}
	head, err := exchange(conn, ask, 4) // version, reply, reserved, type of address
	if err != nil {
		return err
	}
	if head[0] != socksVersion {
		return errNotSOCKS
	}
	if head[1] != 0 {
		text, hint := w.socksReply(head[1])
		return w.socksRefusal(text, hint)
	}
	rest := 0 // of the address that the proxy uses, and its port
	switch head[3] {
	case socksIPv4:
		rest = 4 + 2
	case socksIPv6:
		rest = 16 + 2
	case socksName:
		length, err := exchange(conn, nil, 1)
		if err != nil {
			return err
		}
		rest = int(length[0]) + 2
	default:
		return errNotSOCKS
	}
	_, err = exchange(conn, nil, rest)
	return err
}

// socksRequest is the message that asks for address.
func socksRequest(address string) ([]byte, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q is no number below 65536", text)
	}
	ask := []byte{socksVersion, socksConnect, 0}
	switch addr, err := netip.ParseAddr(host); {
	case err != nil && len(host) > 255:
		return nil, errors.New("the gateway's name is too long for socks 5")
	case err != nil:
		ask = append(append(ask, socksName, byte(len(host))), host...)
	case addr.Is4():
		ask = append(append(ask, socksIPv4), addr.AsSlice()...)
	default:
		ask = append(append(ask, socksIPv6), addr.AsSlice()...)
	}
	return append(ask, byte(port>>8), byte(port)), nil
}

// socksReply puts a refusal into words, with the next step.
func (w way) socksReply(code byte) (text, hint string) {
	host, _, _ := net.SplitHostPort(w.Address)
	far := "the proxy does not reach the gateway: check the gateway's address; " + w.proxy.around(host)
	switch code {
	case 2:
		return "its rules forbid it", "ask its administrator to let you go there; " + w.proxy.around(host)
	case 3:
		return "network unreachable", far
	case 4:
		return "host unreachable", far
	case 5:
		return "connection refused", far
	case 6:
		return "no answer in time", far
	case 7, 8:
		return "it does not support such connections", "use a proxy that does; " + w.proxy.around(host)
	}
	return "failed (code " + strconv.Itoa(int(code)) + ")", far
}

func (w way) socksRefusal(reason, hint string) error {
	return &ProxyError{Hop: w.proxy.hop().name, Target: w.Address, Reason: reason, hint: hint}
}

// exchange sends a message, unless it is empty, and reads n bytes of answer.
func exchange(conn net.Conn, message []byte, n int) ([]byte, error) {
	if len(message) > 0 {
		if _, err := conn.Write(message); err != nil {
			return nil, err
		}
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}
