package workspace

// Rules about the image: the kubelet says why a pull fails in the container's
// waiting state, older ones only in events.

import (
	"slices"
	"strings"
)

// imageReasons are the waiting reasons of the kubelet's image manager.
func imageReasons() []string {
	return []string{
		"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
		"RegistryUnavailable", "SignatureValidationFailed",
	}
}

func foldImage(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil {
		return Status{}, false
	}
	for _, c := range p.Containers {
		if c.State.Kind == "waiting" && slices.Contains(imageReasons(), c.State.Reason) {
			return o.imageFails(p, c)
		}
	}
	return Status{}, false
}

func (o *Observed) imageFails(p *Pod, c Container) (Status, bool) {
	says := c.State.Message
	evidence := []Evidence{o.podEvidence(p, c.State.Reason+": "+says, p.Created).at(c.field("state.waiting"))}
	if e := o.telling("Pod/"+p.Name, "Failed", "InspectFailed", "ErrImageNeverPull"); e != nil {
		evidence = append(evidence, o.eventEvidence(e))
		if imageTrouble(c.State.Reason, says).reason == "" {
			says = e.Message
		}
	}
	t := imageTrouble(c.State.Reason, says)
	if t.reason == "" {
		t = trouble{ReasonImageNetwork, "pull failing", "could not be pulled: " + orElse(clip(imageCause(says)), "the node does not say why")}
	}
	sentence := "Image " + c.Image + " " + t.text + "."
	switch t.reason {
	case ReasonImageAuth:
		return failing(t.reason, t.brief, sentence, p.Created, evidence,
			step("name a pull secret of this namespace", o.berth("edit", "--image-pull-secret", "SECRET")), o.stepImage())
	case ReasonImageNetwork:
		return failing(t.reason, t.brief, sentence, p.Created, evidence,
			step("wait, the node tries again by itself; or use an image from a registry that it reaches", o.berth("edit", "--image", "IMAGE")), o.stepEvents())
	}
	return failing(t.reason, t.brief, sentence, p.Created, evidence,
		step("check the image's name and tag", ""), o.stepImage())
}

// trouble is what a message was recognised as; reason is "" for nothing.
type trouble struct {
	reason Reason
	brief  string
	text   string // continues "Image X …"
}

// imageSigns are pieces of what containerd, CRI-O, Docker and registries say,
// the most telling first: a registry answers "denied" for what is private and
// for what does not exist alike, so that is told before "not found".
func imageSigns() []struct {
	trouble
	signs []string
} {
	return []struct {
		trouble
		signs []string
	}{
		{
			trouble{ReasonImageInvalid, "bad image name", "is not a valid image name"},
			[]string{"invalid reference format", "couldn't parse image", "failed to parse image name", "failed to apply default image tag"},
		},
		{
			trouble{ReasonImageNotFound, "wrong platform", "has no build for this node's processor"},
			[]string{"no match for platform", "no matching manifest for"},
		},
		{
			trouble{ReasonImageNetwork, "too many pulls", "was refused by the registry for now: too many pulls"},
			[]string{"toomanyrequests", "429 too many requests"},
		},
		{
			trouble{ReasonImageAuth, "pull denied", "may not be pulled: the registry wants credentials, or there is no such repository"},
			[]string{"pull access denied", "insufficient_scope", "repository does not exist or may require"},
		},
		{
			trouble{ReasonImageAuth, "pull denied", "may not be pulled: the registry refuses the credentials, or wants some"},
			[]string{
				"401 unauthorized", "403 forbidden", "status code 401", "status code 403", "authorization failed", "no basic auth credentials",
				"unauthorized:", "authentication required", "access denied", "access to the resource is denied", "denied:", "failed to authorize", "invalid username/password",
			},
		},
		{
			trouble{ReasonImageNetwork, "registry unreachable", "could not be pulled: the registry's name does not resolve on the node"},
			[]string{"no such host", "server misbehaving", "name resolution"},
		},
		{
			trouble{ReasonImageNetwork, "registry unreachable", "could not be pulled: the node does not trust the registry's certificate"},
			[]string{"x509:", "tls: failed to verify", "http response to https client"},
		},
		{
			trouble{ReasonImageNetwork, "registry unreachable", "could not be pulled: the node does not reach the registry"},
			[]string{
				"i/o timeout", "connection refused", "no route to host", "network is unreachable", "connection reset", "deadline exceeded",
				"tls handshake timeout", "client.timeout", "dial tcp", "registry is unavailable", "unexpected eof", "proxyconnect",
			},
		},
		{
			trouble{ReasonImageNetwork, "registry failing", "could not be pulled: the registry answers with an error of its own"},
			[]string{"500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway"},
		},
		{
			trouble{ReasonImageNotFound, "image not found", "does not exist in its registry"},
			[]string{"not found", "manifest unknown", "name unknown", "repository name not known", "no such image"},
		},
	}
}

// imageTrouble recognises why an image cannot be had, from the kubelet's
// reason and message.
func imageTrouble(reason, message string) trouble {
	switch reason {
	case "InvalidImageName":
		return imageSigns()[0].trouble
	case "ErrImageNeverPull":
		return trouble{ReasonImageNotFound, "image not on node", "is not on the node, and the pod forbids pulling it"}
	case "SignatureValidationFailed":
		return trouble{ReasonImageAuth, "bad signature", "was refused by the node: its signature is not valid"}
	}
	message = strings.ToLower(message)
	for _, s := range imageSigns() {
		for _, sign := range s.signs {
			if strings.Contains(message, sign) {
				return s.trouble
			}
		}
	}
	return trouble{}
}

// imageCause cuts what the kubelet and the runtime put before the cause.
func imageCause(message string) string {
	for _, before := range []string{"desc = ", "failed to resolve reference ", "Error response from daemon: "} {
		if i := strings.LastIndex(message, before); i >= 0 {
			message = message[i+len(before):]
		}
	}
	if strings.HasPrefix(message, "Back-off pulling image") && !strings.Contains(message, ": ") {
		return ""
	}
	return message
}
