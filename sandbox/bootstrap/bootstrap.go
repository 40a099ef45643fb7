// Package bootstrap puts into a fresh cluster what an administrator would have
// put there: the namespaces, the default storage class, and the ConfigMap
// through which berth finds the gateway and the templates.
//
// Everything is applied at every start, since the gateway's address may have
// changed and somebody may have deleted things.
package bootstrap

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	rbacapply "k8s.io/client-go/applyconfigurations/rbac/v1"
	storageapply "k8s.io/client-go/applyconfigurations/storage/v1"
	"k8s.io/client-go/kubernetes"
)

// Names that berth expects in every cluster.
const (
	GatewayNamespace = "berth-gateway"
	ConfigName       = "berth"
	configKey        = "berth.yaml"
)

// Provisioner is the name under which the node makes volumes.
const Provisioner = "sandbox.berth.sh/folder"

const storageClass = "sandbox"

// Config is what differs between sandboxes.
type Config struct {
	Namespace string // where workspaces go by default
	Gateway   string // HOST:PORT of the gateway
	Domain    string // of the gateway's authorities
}

// Apply makes the cluster's objects what they should be.
func Apply(ctx context.Context, client kubernetes.Interface, cfg Config) error {
	text, err := configText(cfg)
	if err != nil {
		return err
	}
	how := metav1.ApplyOptions{FieldManager: "berth-sandbox", Force: true}
	core, rbac := client.CoreV1(), client.RbacV1()
	steps := []struct {
		what  string
		apply func() error
	}{
		{"namespace " + cfg.Namespace, func() error {
			_, err := core.Namespaces().Apply(ctx, coreapply.Namespace(cfg.Namespace), how)
			return err
		}},
		{"namespace " + GatewayNamespace, func() error {
			_, err := core.Namespaces().Apply(ctx, coreapply.Namespace(GatewayNamespace), how)
			return err
		}},
		{"storage class " + storageClass, func() error {
			_, err := client.StorageV1().StorageClasses().Apply(ctx, class(), how)
			return err
		}},
		{"config map " + ConfigName, func() error {
			m := coreapply.ConfigMap(ConfigName, GatewayNamespace).WithData(map[string]string{configKey: text})
			_, err := core.ConfigMaps(GatewayNamespace).Apply(ctx, m, how)
			return err
		}},
		{"role " + readerRole, func() error {
			_, err := rbac.Roles(GatewayNamespace).Apply(ctx, reader(), how)
			return err
		}},
		{"role binding " + readerRole, func() error {
			_, err := rbac.RoleBindings(GatewayNamespace).Apply(ctx, everybodyReads(), how)
			return err
		}},
	}
	for _, step := range steps {
		if err := step.apply(); err != nil {
			return fmt.Errorf("applying %s: %w", step.what, err)
		}
	}
	return nil
}

// class provisions at once: there is one node, so there is no place to wait
// for.
func class() *storageapply.StorageClassApplyConfiguration {
	return storageapply.StorageClass(storageClass).
		WithAnnotations(map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}).
		WithProvisioner(Provisioner).
		WithReclaimPolicy(corev1.PersistentVolumeReclaimDelete).
		WithVolumeBindingMode(storagev1.VolumeBindingImmediate).
		WithAllowVolumeExpansion(true)
}

// readerRole lets every user of the cluster read how to reach workspaces.
const readerRole = "berth-config-reader"

func reader() *rbacapply.RoleApplyConfiguration {
	return rbacapply.Role(readerRole, GatewayNamespace).WithRules(rbacapply.PolicyRule().
		WithAPIGroups("").WithResources("configmaps").WithResourceNames(ConfigName).WithVerbs("get"))
}

func everybodyReads() *rbacapply.RoleBindingApplyConfiguration {
	return rbacapply.RoleBinding(readerRole, GatewayNamespace).
		WithSubjects(rbacapply.Subject().WithKind(rbacv1.GroupKind).
			WithAPIGroup(rbacv1.GroupName).WithName("system:authenticated")).
		WithRoleRef(rbacapply.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("Role").WithName(readerRole))
}
