import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import portcullis.dispatch.v1.Dispatch.WaitForEnforcementRequest;
import portcullis.dispatch.v1.Dispatch.WatchStatusRequest;
import portcullis.dispatch.v1.Dispatch.WatchStatusResponse;
import portcullis.dispatch.v1.DispatchServiceGrpc;
import portcullis.enforce.v1.Enforce.ChangeKind;
import portcullis.inventory.v1.Inventory.CreateHostRequest;
import portcullis.inventory.v1.Inventory.CreateNetworkRequest;
import portcullis.inventory.v1.Inventory.CreateNicBindingRequest;
import portcullis.inventory.v1.Inventory.CreateNicRequest;
import portcullis.inventory.v1.Inventory.CreateVmInstanceRequest;
import portcullis.inventory.v1.Inventory.Host;
import portcullis.inventory.v1.Inventory.Network;
import portcullis.inventory.v1.Inventory.NetworkKind;
import portcullis.inventory.v1.Inventory.Nic;
import portcullis.inventory.v1.Inventory.NicBinding;
import portcullis.inventory.v1.Inventory.VmInstance;
import portcullis.inventory.v1.InventoryServiceGrpc;
import portcullis.policy.v1.Policy.AddNicsRequest;
import portcullis.policy.v1.Policy.AttachNetworksRequest;
import portcullis.policy.v1.Policy.BatchCreateSecurityGroupRulesRequest;
import portcullis.policy.v1.Policy.CreateSecurityGroupRequest;
import portcullis.policy.v1.Policy.CreateSecurityGroupRuleRequest;
import portcullis.policy.v1.Policy.Direction;
import portcullis.policy.v1.Policy.ListSecurityGroupRulesRequest;
import portcullis.policy.v1.Policy.Protocol;
import portcullis.policy.v1.Policy.SecurityGroup;
import portcullis.policy.v1.Policy.SecurityGroupRule;
import portcullis.policy.v1.PolicyServiceGrpc;

/**
 * A scheduler's whole story: a VM that is guarded before it starts, a change seen in a kernel, an error read by a program.
 *
 * <pre>java -cp 'target/classes:target/libraries/*' Scheduler ADDRESS SERVICE_CONFIG</pre>
 */
public final class Scheduler {
  private static final String PROJECT = "projects/java";
  private static final String NETWORK = PROJECT + "/networks/blue";
  private static final String HOST = "hosts/h1";
  private static final String VM = PROJECT + "/vmInstances/vm1";
  private static final String NIC = PROJECT + "/nics/vm1-eth0";
  private static final String GROUP = PROJECT + "/securityGroups/web";

  private final InventoryServiceGrpc.InventoryServiceBlockingStub inventory;
  private final PolicyServiceGrpc.PolicyServiceBlockingStub policy;
  private final DispatchServiceGrpc.DispatchServiceBlockingStub dispatch;

  /** The last revision token of each of the two services that are told things. */
  private String inventoryToken = "";

  private String policyToken = "";

  private Scheduler(Channel channel) {
    inventory = InventoryServiceGrpc.newBlockingStub(channel);
    policy = PolicyServiceGrpc.newBlockingStub(channel);
    dispatch = DispatchServiceGrpc.newBlockingStub(channel);
  }

  public static void main(String[] args) throws Exception {
    ManagedChannel channel = connect(args[0], Path.of(args[1]));
    try {
      Scheduler scheduler = new Scheduler(channel);
      step("network", scheduler::createNetwork);
      step("host", scheduler::createHost);
      step("vm", scheduler::createVm);
      step("nic", scheduler::createNic);
      step("group", scheduler::createGroup);
      step("rules", scheduler::createRules);
      step("repeat", scheduler::repeat);
      step("members", scheduler::addNic);
      step("bind", scheduler::bind);
      step("wait", scheduler::waitForEnforcement);
      step("watch", scheduler::watchDiff);
      step("error", scheduler::readError);
      step("list", scheduler::listRules);
    } finally {
      channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static void step(String name, Callable<String> take) throws Exception {
    System.out.println(name + ": " + take.call());
  }

  /** The service config of proto/ brings deadlines, and repeats calls that may be repeated when a server is away. */
  @SuppressWarnings("unchecked")
  private static ManagedChannel connect(String address, Path serviceConfig) throws IOException {
    Map<String, ?> config = new Gson().fromJson(Files.readString(serviceConfig), Map.class);
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).defaultServiceConfig(config).build();
  }

  private String createNetwork() {
    var network =
        Network.newBuilder()
            .setKind(NetworkKind.NETWORK_KIND_VPC)
            .addCidrs("10.0.0.0/24")
            .addCidrs("2001:db8::/64");
    var created =
        inventory.createNetwork(
            CreateNetworkRequest.newBuilder()
                .setRequestId(newId())
                .setParent(PROJECT)
                .setNetworkId("blue")
                .setNetwork(network)
                .build());
    inventoryToken = created.getRevisionToken();
    return created.getNetwork().getName();
  }

  /** Whoever comes later with a request of its own is told that the resource exists. */
  private String createHost() {
    try {
      var created =
          inventory.createHost(
              CreateHostRequest.newBuilder()
                  .setRequestId(newId())
                  .setHostId("h1")
                  .setHost(Host.getDefaultInstance())
                  .build());
      inventoryToken = created.getRevisionToken();
      return created.getHost().getName();
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.ALREADY_EXISTS) throw error;
      return HOST + " exists";
    }
  }

  private String createVm() {
    var created =
        inventory.createVmInstance(
            CreateVmInstanceRequest.newBuilder()
                .setRequestId(newId())
                .setParent(PROJECT)
                .setVmInstanceId("vm1")
                .setVmInstance(VmInstance.getDefaultInstance())
                .build());
    inventoryToken = created.getRevisionToken();
    return created.getVmInstance().getName();
  }

  private String createNic() {
    var nic =
        Nic.newBuilder()
            .setVmInstance(VM)
            .setNetwork(NETWORK)
            .setMacAddress("02:00:00:00:00:01")
            .addAddresses("10.0.0.1")
            .addAddresses("2001:db8::1");
    var created =
        inventory.createNic(
            CreateNicRequest.newBuilder()
                .setRequestId(newId())
                .setParent(PROJECT)
                .setNicId("vm1-eth0")
                .setNic(nic)
                .build());
    inventoryToken = created.getRevisionToken();
    return created.getNic().getName();
  }

  private String createGroup() {
    policy.createSecurityGroup(
        CreateSecurityGroupRequest.newBuilder()
            .setRequestId(newId())
            .setParent(PROJECT)
            .setSecurityGroupId("web")
            .setSecurityGroup(SecurityGroup.getDefaultInstance())
            .build());
    var attached =
        policy.attachNetworks(
            AttachNetworksRequest.newBuilder()
                .setRequestId(newId())
                .setSecurityGroup(GROUP)
                .addNetworks(NETWORK)
                .build());
    policyToken = attached.getRevisionToken();
    return GROUP + " on " + String.join(", ", attached.getSecurityGroup().getNetworksList());
  }

  private static SecurityGroupRule tcpFromAnywhere(int port) {
    return SecurityGroupRule.newBuilder()
        .setDirection(Direction.DIRECTION_INGRESS)
        .setProtocol(Protocol.PROTOCOL_TCP)
        .setStartPort(port)
        .setEndPort(port)
        .build();
  }

  private String createRules() {
    var created =
        policy.batchCreateSecurityGroupRules(
            BatchCreateSecurityGroupRulesRequest.newBuilder()
                .setRequestId(newId())
                .setParent(GROUP)
                .addSecurityGroupRules(tcpFromAnywhere(80))
                .addSecurityGroupRules(tcpFromAnywhere(443))
                .build());
    policyToken = created.getRevisionToken();
    return created.getSecurityGroupRulesCount() + " created";
  }

  private static String newId() {
    return UUID.randomUUID().toString();
  }

  /** A request that bears an id is carried out once, however often it is sent, and answered alike each time. */
  private String repeat() {
    var request =
        CreateSecurityGroupRuleRequest.newBuilder()
            .setRequestId(newId())
            .setParent(GROUP)
            .setSecurityGroupRule(tcpFromAnywhere(22))
            .build();
    var first = policy.createSecurityGroupRule(request);
    var second = policy.createSecurityGroupRule(request);
    if (!first.equals(second)) throw new IllegalStateException(first + ", then " + second);
    policyToken = second.getRevisionToken();
    return "one rule, sent twice";
  }

  private String addNic() {
    var added =
        policy.addNics(
            AddNicsRequest.newBuilder()
                .setRequestId(newId())
                .setSecurityGroup(GROUP)
                .addNics(NIC)
                .build());
    policyToken = added.getRevisionToken();
    return NIC + " in " + GROUP;
  }

  /** The interface need not exist yet: it is filtered from its first packet on. */
  private String bind() {
    var binding = NicBinding.newBuilder().setHost(HOST).setInterfaceName("tap-java").setBridgeName("br0");
    var bound =
        inventory.createNicBinding(
            CreateNicBindingRequest.newBuilder()
                .setRequestId(newId())
                .setParent(NIC)
                .setNicBinding(binding)
                .build());
    inventoryToken = bound.getRevisionToken();
    return bound.getNicBinding().getName();
  }

  /** Policy and inventory count separately: a wait needs the last token of both. */
  private String waitForEnforcement() {
    var answer =
        dispatch.waitForEnforcement(
            WaitForEnforcementRequest.newBuilder()
                .addRevisionTokens(inventoryToken)
                .addRevisionTokens(policyToken)
                .addNics(NIC)
                .setTimeout(Duration.newBuilder().setSeconds(20))
                .build());
    if (!answer.getEnforced()) throw new IllegalStateException("not enforced: " + answer.getLaggingHostsList());
    return "enforced on " + answer.getEnforcedHostCount() + " host";
  }

  /** The stream begins with the host's status; what follows is what the host does from then on. */
  private String watchDiff() throws Exception {
    try (Context.CancellableContext watching = Context.current().withCancellation()) {
      return watching.call(
          () -> {
            Iterator<WatchStatusResponse> stream =
                dispatch
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .watchStatus(WatchStatusRequest.newBuilder().addHosts(HOST).build());
            stream.next();
            policy.createSecurityGroupRule(
                CreateSecurityGroupRuleRequest.newBuilder()
                    .setRequestId(newId())
                    .setParent(GROUP)
                    .setSecurityGroupRule(tcpFromAnywhere(8443))
                    .build());
            while (stream.hasNext()) {
              for (var change : stream.next().getReport().getDiff().getRulesList()) {
                if (change.getKind() == ChangeKind.CHANGE_KIND_ADDED && change.getRule().contains("--dport 8443")) {
                  return "IPv" + change.getFamily() + " -A " + change.getChain() + " " + change.getRule();
                }
              }
            }
            throw new IllegalStateException("the stream ended without the rule");
          });
    }
  }

  /** A status carries a code, a message for people, and details for programs. */
  private String readError() throws InvalidProtocolBufferException {
    try {
      policy.createSecurityGroupRule(
          CreateSecurityGroupRuleRequest.newBuilder()
              .setParent(GROUP)
              .setSecurityGroupRule(tcpFromAnywhere(70000))
              .build());
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.INVALID_ARGUMENT) throw error;
      List<String> wrong = new ArrayList<>();
      for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
        if (detail.is(BadRequest.class)) {
          for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            wrong.add(violation.getField() + " " + violation.getReason());
          }
        }
      }
      return String.join(", ", wrong);
    }
    throw new IllegalStateException("a port of 70000 was accepted");
  }

  private String listRules() {
    List<String> names = new ArrayList<>();
    int pages = 0;
    String pageToken = "";
    do {
      var page =
          policy.listSecurityGroupRules(
              ListSecurityGroupRulesRequest.newBuilder()
                  .setParent(GROUP)
                  .setPageSize(2)
                  .setPageToken(pageToken)
                  .build());
      pages++;
      page.getSecurityGroupRulesList().forEach(rule -> names.add(rule.getName()));
      pageToken = page.getNextPageToken();
    } while (!pageToken.isEmpty());
    return names.size() + " rules in " + pages + " pages";
  }
}
