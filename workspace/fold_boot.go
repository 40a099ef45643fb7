package workspace

// Rules about workspaces that cannot be what their profile and image make them:
// the boot script refuses to go on, or the runtime to begin.

import "strings"

// bootPrefix starts every line in which the boot scripts (assets/workspace) say
// why they end. Each names its own next step.
const bootPrefix = "berth: "

func foldRefused(o *Observed) (Status, bool) {
	p, c, end, ok := o.crash()
	if !ok {
		return Status{}, false
	}
	says, ok := strings.CutPrefix(lastLine(end.Message), bootPrefix)
	if !ok {
		return Status{}, false
	}
	return failing(ReasonRefused, "refused to start", "Container "+c.Name+" has ended"+c.again()+": "+says+".", p.downSince(end),
		o.crashEvidence(p, c, end), o.stepLogs())
}

// unsuited recognises what makes a container impossible on this volume or with
// this image, however often it is tried; "" for anything else.
func (o *Observed) unsuited(c Container, message string) (brief, sentence string, next []NextStep) {
	standard := step("or do without what needs it", o.berth("edit", "--profile", string(Standard)))
	switch {
	case strings.Contains(message, "MOUNT_ATTR_IDMAP") || strings.Contains(message, "idmap mount"):
		return "volume unsuited", "The volume's file system takes no idmapped mounts, which profile full needs.",
			[]NextStep{step("create a workspace on another storage class (ext4, xfs) and copy the files", ""), standard}
	case strings.Contains(message, "user namespace") || strings.Contains(message, "usernamespace"):
		return "no user namespaces", "The node's container runtime makes no user namespaces, which profile full needs.",
			[]NextStep{step("use nodes with containerd 2.0 or CRI-O 1.25, and Linux 6.3", ""), standard}
	case strings.Contains(message, "ImageVolumeMountFailed"):
		return "image not mounted", "The node cannot mount the image as a volume, which profile full needs here.",
			[]NextStep{step("use nodes with containerd 2.1, or a namespace that admits privileged pods", ""), standard}
	case strings.Contains(message, `exec: "/bin/sh"`):
		return "no shell in image", "Image " + c.Image + " has no /bin/sh, which a workspace starts with.", []NextStep{o.stepImage()}
	}
	return "", "", nil
}
