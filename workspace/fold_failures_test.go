package workspace_test

// Failures, with messages as kubelets, schedulers, quotas and volume
// controllers of several releases write them.

import (
	"time"

	"github.com/berth-sh/berth/workspace"
)

func imageCases() []foldCase {
	pull := func(message string) workspace.Observed { return up(pod(waiting("ImagePullBackOff", message))) }
	image := func(name, message string, reason workspace.Reason, sentence string) foldCase {
		return foldCase{name: "image: " + name, o: pull(message), phase: workspace.Failing, reason: reason, sentence: sentence, evidence: "ImagePullBackOff", next: "image"}
	}
	const backOff = `Back-off pulling image "acme/ml:latst": ErrImagePull: `
	const containerd = backOff + `rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/acme/ml:latst": failed to resolve reference "docker.io/acme/ml:latst": `
	const absent = "Image acme/ml:latst does not exist in its registry."
	const repository = "Image acme/ml:latst may not be pulled: the registry wants credentials, or there is no such repository."
	const credentials = "Image acme/ml:latst may not be pulled: the registry refuses the credentials, or wants some."
	const unreached = "Image acme/ml:latst could not be pulled: the node does not reach the registry."
	return []foldCase{
		image("containerd, not found", containerd+"docker.io/acme/ml:latst: not found", workspace.ReasonImageNotFound, absent),
		image("docker, manifest unknown", `rpc error: code = Unknown desc = Error response from daemon: manifest for acme/ml:latst not found: manifest unknown: manifest unknown`,
			workspace.ReasonImageNotFound, absent),
		image("containerd, denied", containerd+"pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
			workspace.ReasonImageAuth, repository),
		image("docker, denied", `rpc error: code = Unknown desc = Error response from daemon: pull access denied for acme/ml, repository does not exist or may require 'docker login'`,
			workspace.ReasonImageAuth, repository),
		image("containerd, 401", containerd+"pulling from host registry.example.com failed with status code [manifests latst]: 401 Unauthorized", workspace.ReasonImageAuth, credentials),
		image("containerd, anonymous token", containerd+"failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden",
			workspace.ReasonImageAuth, credentials),
		image("containerd, dns", containerd+`failed to do request: Head "https://registry.example.com/v2/ml/manifests/latst": dial tcp: lookup registry.example.com on 10.0.0.2:53: no such host`,
			workspace.ReasonImageNetwork, "Image acme/ml:latst could not be pulled: the registry's name does not resolve on the node."),
		image("containerd, timeout", containerd+`failed to do request: Head "https://registry.example.com/v2/acme/ml/manifests/latst": dial tcp 10.1.2.3:443: i/o timeout`,
			workspace.ReasonImageNetwork, unreached),
		image("docker, certificate", `rpc error: code = Unknown desc = Error response from daemon: Get "https://registry.example.com/v2/": x509: certificate signed by unknown authority`,
			workspace.ReasonImageNetwork, "Image acme/ml:latst could not be pulled: the node does not trust the registry's certificate."),
		image("too many pulls", containerd+"unexpected status from HEAD request: 429 Too Many Requests - toomanyrequests: You have reached your unauthenticated pull rate limit",
			workspace.ReasonImageNetwork, "Image acme/ml:latst was refused by the registry for now: too many pulls."),
		image("wrong platform", containerd+"no match for platform in manifest: not found", workspace.ReasonImageNotFound,
			"Image acme/ml:latst has no build for this node's processor."),
		image("nothing recognised", backOff+"rpc error: code = Unknown desc = the moon is in the wrong phase", workspace.ReasonImageNetwork,
			"Image acme/ml:latst could not be pulled: the moon is in the wrong phase."),
		image("no cause at all", `Back-off pulling image "acme/ml:latst"`, workspace.ReasonImageNetwork,
			"Image acme/ml:latst could not be pulled: the node does not say why."),
		{
			name: "image: older kubelets say the cause in an event only",
			o:    with(pull(`Back-off pulling image "acme/ml:latst"`), events(event(podObject, "Failed", `Failed to pull image "acme/ml:latst": manifest unknown`, time.Second))), phase: workspace.Failing, reason: workspace.ReasonImageNotFound,
			sentence: absent, brief: "image not found",
		},
		{
			name: "image: name invalid", o: up(pod(waiting("InvalidImageName", `Failed to apply default image tag "acme/ML::1": couldn't parse image name: invalid reference format`))),
			phase: workspace.Failing, reason: workspace.ReasonImageInvalid, sentence: "Image acme/ml:latst is not a valid image name.",
		},
	}
}

func containerCases() []foldCase {
	return []foldCase{
		{
			name: "crash loop", o: up(pod(backOff(3, workspace.ContainerState{Reason: "Error", ExitCode: 1, Message: "reading config\npanic: no home\n"}))),
			phase: workspace.Failing, reason: workspace.ReasonCrashLoop, brief: "crash loop · exit 1",
			sentence: "Container workspace ends with exit code 1 again and again (3 restarts); it said: panic: no home.",
			evidence: "reading config\npanic: no home", next: "berth logs api",
		},
		{
			name: "boot refused", o: up(pod(backOff(2, workspace.ContainerState{Reason: "Error", ExitCode: 1, Message: "berth: this image has no sshd, and profile restricted cannot install it: use an image with openssh-server, or profile standard\n"}))),
			phase: workspace.Failing, reason: workspace.ReasonRefused, brief: "refused to start",
			sentence: "Container workspace has ended again and again (2 restarts): this image has no sshd, and profile restricted cannot install it: use an image with openssh-server, or profile standard.",
			evidence: "this image has no sshd", next: "berth logs api",
		},
		{
			name: "volume without idmapped mounts", o: up(pod(ended(workspace.ContainerState{Reason: "StartError", ExitCode: 128, Message: "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: failed to set MOUNT_ATTR_IDMAP on /var/lib/kubelet/pods/1/volumes/v: invalid argument (maybe the filesystem used doesn't support idmap mounts on this kernel?)"}))),
			phase: workspace.Failing, reason: workspace.ReasonRunError, brief: "volume unsuited",
			sentence: "The volume's file system takes no idmapped mounts, which profile full needs.", next: "--profile standard",
		},
		{
			name: "runtime without user namespaces", o: up(pod(waiting("CreateContainerError", "runtime handler does not support user namespaces"))),
			phase: workspace.Failing, reason: workspace.ReasonRunError, brief: "no user namespaces",
			sentence: "The node's container runtime makes no user namespaces, which profile full needs.",
		},
		{
			name: "image volume not mounted", o: up(pod(waiting("CreateContainerError", `failed to mount image volume: ImageVolumeMountFailed: failed to get image volume ref "sha256:e7": not found`))),
			phase: workspace.Failing, reason: workspace.ReasonRunError, brief: "image not mounted",
			sentence: "The node cannot mount the image as a volume, which profile full needs here.",
		},
		{
			name: "image without a shell", o: up(pod(ended(workspace.ContainerState{Reason: "StartError", ExitCode: 128, Message: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/bin/sh": stat /bin/sh: no such file or directory`}))),
			phase: workspace.Failing, reason: workspace.ReasonRunError, brief: "no shell in image",
			sentence: "Image acme/ml:latst has no /bin/sh, which a workspace starts with.", next: "berth edit api",
		},
		{
			name: "first crash", o: up(pod(ended(workspace.ContainerState{Reason: "Error", ExitCode: 127}))),
			phase: workspace.Failing, reason: workspace.ReasonCrashLoop, brief: "crash loop · exit 127", sentence: "Container workspace ends with exit code 127.",
		},
		{
			name: "ended by a signal", o: up(pod(backOff(1, workspace.ContainerState{Reason: "Error", ExitCode: 139, Signal: 11}))),
			phase: workspace.Failing, reason: workspace.ReasonCrashLoop, sentence: "Container workspace is ended by signal 11 again and again (1 restart).",
		},
		{
			name: "between two crashes", o: up(pod(running(), func(p *workspace.Pod) {
				c := &p.Containers[0]
				c.Restarts, c.State.Since, c.Last = 5, ago(time.Second), workspace.ContainerState{Kind: "terminated", Reason: "Error", ExitCode: 2}
			})), phase: workspace.Failing, reason: workspace.ReasonCrashLoop, sentence: "Container workspace ends with exit code 2 again and again (5 restarts).",
		},
		{
			name: "an init container that has done its work", o: up(pod(creating(), func(p *workspace.Pod) {
				p.Conditions = append(p.Conditions, workspace.Condition{Type: "PodReadyToStartContainers", True: true})
				p.Containers = append([]workspace.Container{{Name: "prepare", Init: true, State: workspace.ContainerState{Kind: "terminated", Reason: "Completed"}}}, p.Containers...)
			})), phase: workspace.Starting, reason: workspace.ReasonContainerCreate, sentence: "Node n1 makes the container.",
		},
		{
			name: "out of memory", o: up(pod(backOff(2, workspace.ContainerState{Reason: "OOMKilled", ExitCode: 137}))),
			phase: workspace.Failing, reason: workspace.ReasonOOM, brief: "out of memory",
			sentence: "Container workspace was killed for memory: it has a limit of 2Gi.", next: "berth edit api --namespace team-a --memory SIZE",
		},
		{
			name: "configuration", o: up(pod(waiting("CreateContainerConfigError", `couldn't find key TOKEN in ConfigMap team-a/settings`))),
			phase: workspace.Failing, reason: workspace.ReasonConfigError,
			sentence: "Container workspace cannot be configured: couldn't find key TOKEN in ConfigMap team-a/settings.",
		},
		{
			name: "cannot run", o: up(pod(waiting("RunContainerError", `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/berth/start": stat /berth/start: no such file or directory: unknown`))),
			phase: workspace.Failing, reason: workspace.ReasonRunError,
			sentence: `Container workspace cannot be run: exec: "/berth/start": stat /berth/start: no such file or directory: unknown.`,
		},
		{
			name: "cannot run, reported as an end", o: up(pod(backOff(2, workspace.ContainerState{Reason: "StartError", ExitCode: 128, Message: `failed to create containerd task: exec format error`}))),
			phase: workspace.Failing, reason: workspace.ReasonRunError, sentence: "Container workspace cannot be run: exec format error.",
		},
	}
}

func admissionCases() []foldCase {
	evicted := pod(func(p *workspace.Pod) {
		p.Phase, p.Reason = "Failed", "Evicted"
		p.Message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. "
	})
	return []foldCase{
		{
			name: "quota", phase: workspace.Failing, reason: workspace.ReasonQuota, brief: "quota exceeded",
			o:        refused(`pods "api-7d9f8b6c5-2wm8j" is forbidden: exceeded quota: compute, requested: limits.cpu=1,limits.memory=2Gi, used: limits.cpu=6,limits.memory=11Gi, limited: limits.cpu=6,limits.memory=12Gi`),
			sentence: "Quota compute is exceeded: limits.cpu asks for 1, 6 of 6 are used; limits.memory asks for 2Gi, 11Gi of 12Gi are used.",
			evidence: "ReplicaSet/api-7d9f8b6c5", next: "kubectl -n team-a describe quota compute",
		},
		{
			name: "quota wants values", o: refused(`pods "api-1-x" is forbidden: failed quota: compute: must specify limits.cpu for: workspace; limits.memory for: workspace`),
			phase: workspace.Failing, reason: workspace.ReasonQuota, sentence: "Quota compute wants a value for limits.cpu and limits.memory.",
		},
		{
			name: "limit range", o: refused(`pods "api-1-x" is forbidden: [maximum cpu usage per Container is 16, but request is 17, maximum memory usage per Pod is 4Gi, but limit is 8Gi]`),
			phase: workspace.Failing, reason: workspace.ReasonLimitRange,
			sentence: "The namespace's limits refuse the pod: cpu may be at most 16 for each container, the request is 17; memory may be at most 4Gi for each pod, the limit is 8Gi.",
		},
		{
			name: "pod security restricted", phase: workspace.Failing, reason: workspace.ReasonPodSecurity,
			o:        refused(`pods "api-1-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "workspace" must set securityContext.allowPrivilegeEscalation=false)`),
			sentence: `Namespace team-a admits only pods of Pod Security level restricted: allowPrivilegeEscalation != false (container "workspace" must set securityContext.allowPrivilegeEscalation=false). Profile restricted would be admitted.`,
			next:     "--profile restricted",
		},
		{
			name: "pod security baseline", o: refused(`pods "api-1-x" is forbidden: violates PodSecurity "baseline:v1.31": privileged (container "workspace" must not set securityContext.privileged=true)`),
			phase: workspace.Failing, reason: workspace.ReasonPodSecurity, next: "--profile standard",
			sentence: `Namespace team-a admits only pods of Pod Security level baseline: privileged (container "workspace" must not set securityContext.privileged=true). Profile standard would be admitted.`,
		},
		{
			name: "webhook", o: refused(`admission webhook "validate.policy.example.com" denied the request: label team is required`),
			phase: workspace.Failing, reason: workspace.ReasonWebhook, sentence: "Policy validate.policy.example.com refuses the pod: label team is required.",
		},
		{
			name: "webhook does not answer",
			o:    refused(`Internal error occurred: failed calling webhook "inject.example.com": failed to call webhook: Post "https://inject.mesh.svc:443/inject": context deadline exceeded`), phase: workspace.Failing, reason: workspace.ReasonWebhook,
			sentence: `Policy inject.example.com must be asked about every pod and does not answer: failed to call webhook: Post "https://inject.mesh.svc:443/inject": context deadline exceeded.`,
		},
		{
			name: "admission policy", o: refused(`pods "api-1-x" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images' denied request: only images of registry.example.com`),
			phase: workspace.Failing, reason: workspace.ReasonWebhook, sentence: "Policy images refuses the pod: only images of registry.example.com.",
		},
		{
			name: "any other refusal", o: refused(`pods "api-1-x" is forbidden: error looking up service account team-a/robot: serviceaccount "robot" not found`),
			phase: workspace.Failing, reason: workspace.ReasonPodRefused,
			sentence: `The API server refuses the pod: error looking up service account team-a/robot: serviceaccount "robot" not found.`,
		},
		{
			name: "namespace terminating, known from the refusal only",
			o:    refused(`pods "api-1-x" is forbidden: unable to create new content in namespace team-a because it is being terminated`), phase: workspace.Failing, reason: workspace.ReasonNamespaceGone,
			sentence: "Namespace team-a is being deleted, and with it this workspace and its home.", evidence: "ReplicaSet/api-7d9f8b6c5",
		},
		{
			name:  "a refusal is over once the pod is there",
			o:     with(refused(`exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5`), func(o *workspace.Observed) { o.Pods = []workspace.Pod{pod(ready())} }),
			phase: workspace.Running, reason: workspace.ReasonReady, sentence: "Ready; sshd answers.",
		},
		{
			name: "evicted", o: up(evicted), phase: workspace.Failing, reason: workspace.ReasonEvicted, brief: "evicted", evidence: "Evicted",
			sentence: "The pod was removed from node n1: The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi; a new one has not come yet.",
		},
		{
			name: "evicted, and the new pod runs", o: up(pod(ready()), evicted), phase: workspace.Running, reason: workspace.ReasonReady,
			sentence: "Ready; sshd answers.",
		},
		{
			name: "refused by the node", o: up(pod(func(p *workspace.Pod) {
				p.Phase, p.Reason, p.Message = "Failed", "OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, used: 1500, capacity: 2000"
			})), phase: workspace.Failing, reason: workspace.ReasonPodRefused,
			sentence: "Node n1 refused the pod: Node didn't have enough resource: cpu, requested: 2000, used: 1500, capacity: 2000.",
		},
	}
}

func volumeCases() []foldCase {
	const home = "PersistentVolumeClaim/api-home"
	pending := func(o *workspace.Observed) {
		o.Claim = &workspace.Claim{Name: "api-home", Created: ago(time.Minute), Phase: "Pending", StorageClass: "fast"}
	}
	waits := func(o *workspace.Observed) { o.Claim.WaitsForPod = true }
	classless := func(o *workspace.Observed) { o.Claim.StorageClass = "" }
	unbound := pod(unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not eligible for preemption due to preemptionPolicy=Never."))
	mount := func(reason, message string) workspace.Observed {
		return with(up(pod(creating())), events(event(podObject, reason, message, 5*time.Second)))
	}
	attach := func(name, message, sentence string) foldCase {
		return foldCase{
			name: name, o: mount("FailedAttachVolume", message), phase: workspace.Failing, reason: workspace.ReasonMultiAttach,
			sentence: sentence, brief: "volume in use", evidence: "FailedAttachVolume",
		}
	}
	return []foldCase{
		{
			name: "no default class", o: with(up(unbound), pending, classless, events(event(home, "FailedBinding", "no persistent volumes available for this claim and no storage class is set", time.Second))),
			phase: workspace.Failing, reason: workspace.ReasonNoStorageClass, sentence: "The home names no storage class and the cluster has no default one.", next: "kubectl get storageclass",
		},
		{
			name: "class does not exist", o: with(up(unbound), pending, events(event(home, "ProvisioningFailed", `storageclass.storage.k8s.io "fsat" not found`, time.Second))),
			phase: workspace.Failing, reason: workspace.ReasonNoStorageClass, sentence: "Storage class fsat does not exist, so there is no volume for the home.",
		},
		{
			name: "no capacity", phase: workspace.Failing, reason: workspace.ReasonNoCapacity, brief: "no volume",
			o:        with(up(unbound), pending, events(event(home, "ProvisioningFailed", `failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = no pool has 10Gi left`, time.Second))),
			sentence: `No volume could be made for the home in class fast: failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = no pool has 10Gi left.`,
		},
		{
			name: "no capacity, said by the scheduler", o: with(up(pod(unscheduled("0/2 nodes are available: 2 node(s) did not have enough free storage."))), pending, waits),
			phase: workspace.Starting, reason: workspace.ReasonWaitingConsumer, sentence: "The volume for the home is made once the pod has a node.",
		},
		{
			name: "no free volume", o: up(pod(unscheduled("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."))),
			phase: workspace.Failing, reason: workspace.ReasonNoCapacity, sentence: "No volume can be had for the home: the nodes have no free volume of that class and size.",
		},
		{
			name: "waits for first consumer", o: with(up(pod(func(p *workspace.Pod) { p.Node, p.Conditions = "", nil })), pending, waits), phase: workspace.Starting,
			reason: workspace.ReasonWaitingConsumer, sentence: "The volume for the home is made once the pod has a node.",
		},
		{
			name: "being provisioned", phase: workspace.Starting, reason: workspace.ReasonWaitingConsumer, sentence: "The volume for the home is being made.", brief: "making volume",
			o: with(up(unbound), pending, events(
				event(home, "ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner 'x' or manually by the system administrator.", time.Second),
				event(home, "ProvisioningFailed", "timed out", time.Minute))),
		},
		{
			name: "the pod does not fit, so the claim's waiting is not the news",
			o:    with(up(pod(unscheduled("0/3 nodes are available: 3 Insufficient cpu."))), pending, waits), phase: workspace.Failing, reason: workspace.ReasonUnschedulable,
			sentence: "No node fits: 3 of 3 have too little cpu.",
		},
		{
			name: "claim missing", o: with(up(pod(unscheduled(`0/3 nodes are available: persistentvolumeclaim "api-home" not found.`))), func(o *workspace.Observed) { o.Claim = nil }),
			phase: workspace.Failing, reason: workspace.ReasonClaimMissing, sentence: "The claim api-home of the home does not exist, so no pod can start.",
		},
		{
			name: "claim not seen yet", o: with(up(), func(o *workspace.Observed) { o.Claim, o.Deployment.Created = nil, ago(time.Second) }),
			phase: workspace.Starting, reason: workspace.ReasonCreating, sentence: "The Deployment is there; its pod is not yet.",
		},
		{
			name: "claim lost", o: with(down(), func(o *workspace.Observed) { o.Claim.Phase = "Lost" }), phase: workspace.Failing, reason: workspace.ReasonClaimLost,
			sentence: "The volume behind the home is gone: claim api-home is Lost.",
		},
		attach("held by a pod", `Multi-Attach error for volume "pvc-dcf3b382" Volume is already used by pod(s) api-6f5-abcde`,
			"The home's volume is still attached for pod api-6f5-abcde, so it cannot come to node n1."),
		attach("held by a node that is named", `Multi-Attach error for volume "pvc-1" (UniqueName: "fake/pvc-1") from node "n1" Volume is already exclusively attached to node n7 and can't be attached to another`,
			"The home's volume is still attached to node n7, so it cannot come to node n1."),
		attach("held by a node that is not named", `Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can't be attached to another`,
			"The home's volume is still attached to another node, so it cannot come to node n1."),
		attach("held, newer wording", `Waiting for detach for volume "pvc-1" Volume is already exclusively attached to one node, waiting on detach before it can be attached to another node`,
			"The home's volume is still attached to another node, so it cannot come to node n1."),
		{
			name: "mount failed", o: mount("FailedMount", `MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Internal desc = fsck found errors on device /dev/sdb`),
			phase: workspace.Failing, reason: workspace.ReasonMountFailed, sentence: "A volume cannot be mounted on node n1: fsck found errors on device /dev/sdb.",
		},
		{
			name: "secret missing, said by the kubelet", o: mount("FailedMount", `MountVolume.SetUp failed for volume "keys" : secret "api-ssh" not found`),
			phase: workspace.Failing, reason: workspace.ReasonSecretMissing,
			sentence: "Secret api-ssh with the host key and the authorized keys does not exist.", next: "berth restore",
		},
		{
			name: "secret missing, seen", o: with(up(pod(creating())), func(o *workspace.Observed) { o.SecretMissing = true }), phase: workspace.Failing, reason: workspace.ReasonSecretMissing,
			sentence: "Secret api-ssh with the host key and the authorized keys does not exist.",
		},
	}
}

func scheduleCases() []foldCase {
	const short = "0/3 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
	up3 := event(podObject, "TriggeredScaleUp", "pod triggered scale-up: [{workers 1->2 (max: 8)}]", time.Second)
	return []foldCase{
		{
			name: "unschedulable", o: up(pod(unscheduled(short))), phase: workspace.Failing, reason: workspace.ReasonUnschedulable, brief: "no room · cpu",
			sentence: "No node fits: 1 of 3 have a taint that the pod does not tolerate (nvidia.com/gpu: present), 2 of 3 have too little cpu.",
			next:     "berth edit api --namespace team-a --cpu CPU", notSaid: []string{"preemption"},
		},
		{
			name: "gpu", o: up(pod(unscheduled("0/6 nodes are available: 3 node(s) didn't match Pod's node affinity/selector, 6 Insufficient nvidia.com/gpu."))),
			phase: workspace.Failing, reason: workspace.ReasonUnschedulable, next: "--gpu N",
			sentence: "No node fits: 3 of 6 do not match the node selector, 6 of 6 have too little nvidia.com/gpu.",
		},
		{
			name: "older wording of taints", o: up(pod(unscheduled("0/13 nodes are available: 2 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate, 11 node(s) were unschedulable."))),
			phase: workspace.Failing, reason: workspace.ReasonUnschedulable,
			sentence: "No node fits: 2 of 13 have a taint that the pod does not tolerate (node-role.kubernetes.io/master), 11 of 13 are closed for new pods.",
		},
		{
			name: "newest wording of taints", o: up(pod(unscheduled("0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."))),
			phase: workspace.Failing, reason: workspace.ReasonUnschedulable, sentence: "No node fits: 1 of 1 have a taint that the pod does not tolerate.",
		},
		{
			name: "volume in another zone", o: up(pod(unscheduled("0/2 nodes are available: 2 node(s) had volume node affinity conflict."))),
			phase: workspace.Failing, reason: workspace.ReasonUnschedulable, sentence: "No node fits: 2 of 2 cannot reach the home's volume (another zone or node).",
		},
		{
			name: "no nodes at all", o: up(pod(unscheduled("no nodes available to schedule pods"))), phase: workspace.Failing, reason: workspace.ReasonUnschedulable,
			sentence: "No node takes the pod: no nodes available to schedule pods.", brief: "no node fits",
		},
		{
			name: "autoscaler adds a node", o: with(up(pod(unscheduled(short))), events(up3)), phase: workspace.Starting, reason: workspace.ReasonScalingUp,
			sentence: "No node has room yet; the cluster is adding one.", brief: "new node coming", evidence: "pod triggered scale-up",
		},
		{
			name: "autoscaler has given up", o: with(up(pod(unscheduled(short))), events(event(podObject, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached", 0), up3)),
			phase: workspace.Failing, reason: workspace.ReasonUnschedulable, evidence: "max node group size reached",
			sentence: "No node fits: 1 of 3 have a taint that the pod does not tolerate (nvidia.com/gpu: present), 2 of 3 have too little cpu.",
		},
	}
}
