// A scheduler's whole story: a VM that is guarded before it starts, a change seen in a kernel, an error read by a program.
//
//	go run . ADDRESS SERVICE_CONFIG
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	dispatch "portcullis.example/scheduler/gen/portcullis/dispatch/v1"
	enforce "portcullis.example/scheduler/gen/portcullis/enforce/v1"
	inventory "portcullis.example/scheduler/gen/portcullis/inventory/v1"
	policy "portcullis.example/scheduler/gen/portcullis/policy/v1"
)

const (
	project = "projects/go"
	network = project + "/networks/blue"
	host    = "hosts/h1"
	vm      = project + "/vmInstances/vm1"
	nic     = project + "/nics/vm1-eth0"
	group   = project + "/securityGroups/web"
)

// A scheduler remembers the last revision token of each of the two services that it tells things.
type scheduler struct {
	inventory      inventory.InventoryServiceClient
	policy         policy.PolicyServiceClient
	dispatch       dispatch.DispatchServiceClient
	inventoryToken string
	policyToken    string
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: scheduler ADDRESS SERVICE_CONFIG")
	}
	serviceConfig, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	connection, err := connect(os.Args[1], string(serviceConfig))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := &scheduler{
		inventory: inventory.NewInventoryServiceClient(connection),
		policy:    policy.NewPolicyServiceClient(connection),
		dispatch:  dispatch.NewDispatchServiceClient(connection),
	}
	for _, step := range []struct {
		name string
		take func(context.Context) (string, error)
	}{
		{"network", s.createNetwork},
		{"host", s.createHost},
		{"vm", s.createVM},
		{"nic", s.createNIC},
		{"group", s.createGroup},
		{"rules", s.createRules},
		{"repeat", s.repeat},
		{"members", s.addNIC},
		{"bind", s.bind},
		{"wait", s.waitForEnforcement},
		{"watch", s.watchDiff},
		{"error", s.readError},
		{"list", s.listRules},
	} {
		said, err := step.take(ctx)
		if err != nil {
			log.Fatalf("%s: %v", step.name, err)
		}
		fmt.Printf("%s: %s\n", step.name, said)
	}
}

// The service config of proto/ brings deadlines, and repeats calls that may be repeated when a server is away.
func connect(address, serviceConfig string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig))
}

func (s *scheduler) createNetwork(ctx context.Context) (string, error) {
	created, err := s.inventory.CreateNetwork(ctx, &inventory.CreateNetworkRequest{
		RequestId: uuid.NewString(),
		Parent:    project,
		NetworkId: "blue",
		Network: &inventory.Network{
			Kind:  inventory.NetworkKind_NETWORK_KIND_VPC,
			Cidrs: []string{"10.0.0.0/24", "2001:db8::/64"},
		},
	})
	if err != nil {
		return "", err
	}
	s.inventoryToken = created.GetRevisionToken()
	return created.GetNetwork().GetName(), nil
}

// Whoever comes later with a request of its own is told that the resource exists.
func (s *scheduler) createHost(ctx context.Context) (string, error) {
	created, err := s.inventory.CreateHost(ctx, &inventory.CreateHostRequest{
		RequestId: uuid.NewString(), HostId: "h1", Host: &inventory.Host{},
	})
	if status.Code(err) == codes.AlreadyExists {
		return host + " exists", nil
	}
	if err != nil {
		return "", err
	}
	s.inventoryToken = created.GetRevisionToken()
	return created.GetHost().GetName(), nil
}

func (s *scheduler) createVM(ctx context.Context) (string, error) {
	created, err := s.inventory.CreateVmInstance(ctx, &inventory.CreateVmInstanceRequest{
		RequestId: uuid.NewString(), Parent: project, VmInstanceId: "vm1", VmInstance: &inventory.VmInstance{},
	})
	if err != nil {
		return "", err
	}
	s.inventoryToken = created.GetRevisionToken()
	return created.GetVmInstance().GetName(), nil
}

func (s *scheduler) createNIC(ctx context.Context) (string, error) {
	created, err := s.inventory.CreateNic(ctx, &inventory.CreateNicRequest{
		RequestId: uuid.NewString(),
		Parent:    project,
		NicId:     "vm1-eth0",
		Nic: &inventory.Nic{
			VmInstance: vm,
			Network:    network,
			MacAddress: "02:00:00:00:00:01",
			Addresses:  []string{"10.0.0.1", "2001:db8::1"},
		},
	})
	if err != nil {
		return "", err
	}
	s.inventoryToken = created.GetRevisionToken()
	return created.GetNic().GetName(), nil
}

func (s *scheduler) createGroup(ctx context.Context) (string, error) {
	if _, err := s.policy.CreateSecurityGroup(ctx, &policy.CreateSecurityGroupRequest{
		RequestId: uuid.NewString(), Parent: project, SecurityGroupId: "web", SecurityGroup: &policy.SecurityGroup{},
	}); err != nil {
		return "", err
	}
	attached, err := s.policy.AttachNetworks(ctx, &policy.AttachNetworksRequest{
		RequestId: uuid.NewString(), SecurityGroup: group, Networks: []string{network},
	})
	if err != nil {
		return "", err
	}
	s.policyToken = attached.GetRevisionToken()
	return group + " on " + strings.Join(attached.GetSecurityGroup().GetNetworks(), ", "), nil
}

func tcpFromAnywhere(port int32) *policy.SecurityGroupRule {
	return &policy.SecurityGroupRule{
		Direction: policy.Direction_DIRECTION_INGRESS,
		Protocol:  policy.Protocol_PROTOCOL_TCP,
		StartPort: &port,
		EndPort:   &port,
	}
}

func (s *scheduler) createRules(ctx context.Context) (string, error) {
	created, err := s.policy.BatchCreateSecurityGroupRules(ctx, &policy.BatchCreateSecurityGroupRulesRequest{
		RequestId:          uuid.NewString(),
		Parent:             group,
		SecurityGroupRules: []*policy.SecurityGroupRule{tcpFromAnywhere(80), tcpFromAnywhere(443)},
	})
	if err != nil {
		return "", err
	}
	s.policyToken = created.GetRevisionToken()
	return fmt.Sprintf("%d created", len(created.GetSecurityGroupRules())), nil
}

// A request that bears an id is carried out once, however often it is sent, and answered alike each time.
func (s *scheduler) repeat(ctx context.Context) (string, error) {
	request := &policy.CreateSecurityGroupRuleRequest{
		RequestId: uuid.NewString(), Parent: group, SecurityGroupRule: tcpFromAnywhere(22),
	}
	first, err := s.policy.CreateSecurityGroupRule(ctx, request)
	if err != nil {
		return "", err
	}
	second, err := s.policy.CreateSecurityGroupRule(ctx, request)
	if err != nil {
		return "", err
	}
	if !proto.Equal(first, second) {
		return "", fmt.Errorf("%v, then %v", first, second)
	}
	s.policyToken = second.GetRevisionToken()
	return "one rule, sent twice", nil
}

func (s *scheduler) addNIC(ctx context.Context) (string, error) {
	added, err := s.policy.AddNics(ctx, &policy.AddNicsRequest{
		RequestId: uuid.NewString(), SecurityGroup: group, Nics: []string{nic},
	})
	if err != nil {
		return "", err
	}
	s.policyToken = added.GetRevisionToken()
	return nic + " in " + group, nil
}

// The interface need not exist yet: it is filtered from its first packet on.
func (s *scheduler) bind(ctx context.Context) (string, error) {
	bound, err := s.inventory.CreateNicBinding(ctx, &inventory.CreateNicBindingRequest{
		RequestId:  uuid.NewString(),
		Parent:     nic,
		NicBinding: &inventory.NicBinding{Host: host, InterfaceName: "tap-go", BridgeName: "br0"},
	})
	if err != nil {
		return "", err
	}
	s.inventoryToken = bound.GetRevisionToken()
	return bound.GetNicBinding().GetName(), nil
}

// Policy and inventory count separately: a wait needs the last token of both.
func (s *scheduler) waitForEnforcement(ctx context.Context) (string, error) {
	answer, err := s.dispatch.WaitForEnforcement(ctx, &dispatch.WaitForEnforcementRequest{
		RevisionTokens: []string{s.inventoryToken, s.policyToken},
		Nics:           []string{nic},
		Timeout:        durationpb.New(20 * time.Second),
	})
	if err != nil {
		return "", err
	}
	if !answer.GetEnforced() {
		return "", fmt.Errorf("not enforced: %v", answer.GetLaggingHosts())
	}
	return fmt.Sprintf("enforced on %d host", answer.GetEnforcedHostCount()), nil
}

// The stream begins with the host's status; what follows is what the host does from then on.
func (s *scheduler) watchDiff(ctx context.Context) (string, error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	stream, err := s.dispatch.WatchStatus(ctx, &dispatch.WatchStatusRequest{Hosts: []string{host}})
	if err != nil {
		return "", err
	}
	if _, err := stream.Recv(); err != nil {
		return "", err
	}
	if _, err := s.policy.CreateSecurityGroupRule(ctx, &policy.CreateSecurityGroupRuleRequest{
		RequestId: uuid.NewString(), Parent: group, SecurityGroupRule: tcpFromAnywhere(8443),
	}); err != nil {
		return "", err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return "", err
		}
		for _, change := range event.GetReport().GetDiff().GetRules() {
			if change.GetKind() == enforce.ChangeKind_CHANGE_KIND_ADDED && strings.Contains(change.GetRule(), "--dport 8443") {
				return fmt.Sprintf("IPv%d -A %s %s", change.GetFamily(), change.GetChain(), change.GetRule()), nil
			}
		}
	}
}

// A status carries a code, a message for people, and details for programs.
func (s *scheduler) readError(ctx context.Context) (string, error) {
	_, err := s.policy.CreateSecurityGroupRule(ctx, &policy.CreateSecurityGroupRuleRequest{
		Parent: group, SecurityGroupRule: tcpFromAnywhere(70000),
	})
	if status.Code(err) != codes.InvalidArgument {
		return "", fmt.Errorf("a port of 70000: %v", err)
	}
	var wrong []string
	for _, detail := range status.Convert(err).Details() {
		if badRequest, ok := detail.(*errdetails.BadRequest); ok {
			for _, violation := range badRequest.GetFieldViolations() {
				wrong = append(wrong, violation.GetField()+" "+violation.GetReason())
			}
		}
	}
	return strings.Join(wrong, ", "), nil
}

func (s *scheduler) listRules(ctx context.Context) (string, error) {
	var names []string
	pages, pageToken := 0, ""
	for {
		page, err := s.policy.ListSecurityGroupRules(ctx, &policy.ListSecurityGroupRulesRequest{
			Parent: group, PageSize: 2, PageToken: pageToken,
		})
		if err != nil {
			return "", err
		}
		pages++
		for _, rule := range page.GetSecurityGroupRules() {
			names = append(names, rule.GetName())
		}
		if pageToken = page.GetNextPageToken(); pageToken == "" {
			return fmt.Sprintf("%d rules in %d pages", len(names), pages), nil
		}
	}
}
