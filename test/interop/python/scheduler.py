"""A scheduler's whole story: a VM that is guarded before it starts, a change seen in a kernel, an error read by a program.

python scheduler.py ADDRESS SERVICE_CONFIG
"""

import sys
from pathlib import Path
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from portcullis.dispatch.v1 import dispatch_pb2, dispatch_pb2_grpc
from portcullis.enforce.v1 import enforce_pb2
from portcullis.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from portcullis.policy.v1 import policy_pb2, policy_pb2_grpc

PROJECT = "projects/python"
NETWORK = f"{PROJECT}/networks/blue"
HOST = "hosts/h1"
VM = f"{PROJECT}/vmInstances/vm1"
NIC = f"{PROJECT}/nics/vm1-eth0"
GROUP = f"{PROJECT}/securityGroups/web"


def connect(address: str, service_config: str) -> grpc.Channel:
    """The service config of proto/ brings deadlines, and repeats calls that may be repeated when a server is away."""
    return grpc.insecure_channel(address, options=[("grpc.service_config", service_config)])


def tcp_from_anywhere(port: int) -> policy_pb2.SecurityGroupRule:
    return policy_pb2.SecurityGroupRule(
        direction=policy_pb2.DIRECTION_INGRESS,
        protocol=policy_pb2.PROTOCOL_TCP,
        start_port=port,
        end_port=port,
    )


class Scheduler:
    """Remembers the last revision token of each of the two services that it tells things."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.inventory = inventory_pb2_grpc.InventoryServiceStub(channel)
        self.policy = policy_pb2_grpc.PolicyServiceStub(channel)
        self.dispatch = dispatch_pb2_grpc.DispatchServiceStub(channel)
        self.inventory_token = ""
        self.policy_token = ""

    def create_network(self) -> str:
        network = inventory_pb2.Network(
            kind=inventory_pb2.NETWORK_KIND_VPC, cidrs=["10.0.0.0/24", "2001:db8::/64"]
        )
        request = inventory_pb2.CreateNetworkRequest(
            request_id=str(uuid4()), parent=PROJECT, network_id="blue", network=network
        )
        created = self.inventory.CreateNetwork(request)
        self.inventory_token = created.revision_token
        return created.network.name

    def create_host(self) -> str:
        """Whoever comes later with a request of its own is told that the resource exists."""
        request = inventory_pb2.CreateHostRequest(
            request_id=str(uuid4()), host_id="h1", host=inventory_pb2.Host()
        )
        try:
            created = self.inventory.CreateHost(request)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                return f"{HOST} exists"
            raise
        self.inventory_token = created.revision_token
        return created.host.name

    def create_vm(self) -> str:
        request = inventory_pb2.CreateVmInstanceRequest(
            request_id=str(uuid4()),
            parent=PROJECT,
            vm_instance_id="vm1",
            vm_instance=inventory_pb2.VmInstance(),
        )
        created = self.inventory.CreateVmInstance(request)
        self.inventory_token = created.revision_token
        return created.vm_instance.name

    def create_nic(self) -> str:
        nic = inventory_pb2.Nic(
            vm_instance=VM,
            network=NETWORK,
            mac_address="02:00:00:00:00:01",
            addresses=["10.0.0.1", "2001:db8::1"],
        )
        request = inventory_pb2.CreateNicRequest(
            request_id=str(uuid4()), parent=PROJECT, nic_id="vm1-eth0", nic=nic
        )
        created = self.inventory.CreateNic(request)
        self.inventory_token = created.revision_token
        return created.nic.name

    def create_group(self) -> str:
        self.policy.CreateSecurityGroup(
            policy_pb2.CreateSecurityGroupRequest(
                request_id=str(uuid4()),
                parent=PROJECT,
                security_group_id="web",
                security_group=policy_pb2.SecurityGroup(),
            )
        )
        attached = self.policy.AttachNetworks(
            policy_pb2.AttachNetworksRequest(
                request_id=str(uuid4()), security_group=GROUP, networks=[NETWORK]
            )
        )
        self.policy_token = attached.revision_token
        return f"{GROUP} on {', '.join(attached.security_group.networks)}"

    def create_rules(self) -> str:
        request = policy_pb2.BatchCreateSecurityGroupRulesRequest(
            request_id=str(uuid4()),
            parent=GROUP,
            security_group_rules=[tcp_from_anywhere(80), tcp_from_anywhere(443)],
        )
        created = self.policy.BatchCreateSecurityGroupRules(request)
        self.policy_token = created.revision_token
        return f"{len(created.security_group_rules)} created"

    def repeat(self) -> str:
        """A request that bears an id is carried out once, however often it is sent, and answered alike each time."""
        request = policy_pb2.CreateSecurityGroupRuleRequest(
            request_id=str(uuid4()), parent=GROUP, security_group_rule=tcp_from_anywhere(22)
        )
        first = self.policy.CreateSecurityGroupRule(request)
        second = self.policy.CreateSecurityGroupRule(request)
        if first != second:
            raise RuntimeError(f"{first}, then {second}")
        self.policy_token = second.revision_token
        return "one rule, sent twice"

    def add_nic(self) -> str:
        added = self.policy.AddNics(
            policy_pb2.AddNicsRequest(request_id=str(uuid4()), security_group=GROUP, nics=[NIC])
        )
        self.policy_token = added.revision_token
        return f"{NIC} in {GROUP}"

    def bind(self) -> str:
        """The interface need not exist yet: it is filtered from its first packet on."""
        binding = inventory_pb2.NicBinding(host=HOST, interface_name="tap-python", bridge_name="br0")
        bound = self.inventory.CreateNicBinding(
            inventory_pb2.CreateNicBindingRequest(
                request_id=str(uuid4()), parent=NIC, nic_binding=binding
            )
        )
        self.inventory_token = bound.revision_token
        return bound.nic_binding.name

    def wait_for_enforcement(self) -> str:
        """Policy and inventory count separately: a wait needs the last token of both."""
        request = dispatch_pb2.WaitForEnforcementRequest(
            revision_tokens=[self.inventory_token, self.policy_token],
            nics=[NIC],
            timeout=Duration(seconds=20),
        )
        answer = self.dispatch.WaitForEnforcement(request)
        if not answer.enforced:
            raise RuntimeError(f"not enforced: {answer.lagging_hosts}")
        return f"enforced on {answer.enforced_host_count} host"

    def watch_diff(self) -> str:
        """The stream begins with the host's status; what follows is what the host does from then on."""
        stream = self.dispatch.WatchStatus(dispatch_pb2.WatchStatusRequest(hosts=[HOST]), timeout=30)
        next(stream)
        self.policy.CreateSecurityGroupRule(
            policy_pb2.CreateSecurityGroupRuleRequest(
                request_id=str(uuid4()), parent=GROUP, security_group_rule=tcp_from_anywhere(8443)
            )
        )
        try:
            for event in stream:
                for change in event.report.diff.rules:
                    if change.kind == enforce_pb2.CHANGE_KIND_ADDED and "--dport 8443" in change.rule:
                        return f"IPv{change.family} -A {change.chain} {change.rule}"
        finally:
            stream.cancel()
        raise RuntimeError("the stream ended without the rule")

    def read_error(self) -> str:
        """A status carries a code, a message for people, and details for programs."""
        request = policy_pb2.CreateSecurityGroupRuleRequest(
            parent=GROUP, security_group_rule=tcp_from_anywhere(70000)
        )
        try:
            self.policy.CreateSecurityGroupRule(request)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                raise
            wrong = []
            for detail in rpc_status.from_call(error).details:
                bad_request = BadRequest()
                if detail.Unpack(bad_request):
                    wrong += [f"{each.field} {each.reason}" for each in bad_request.field_violations]
            return ", ".join(wrong)
        raise RuntimeError("a port of 70000 was accepted")

    def list_rules(self) -> str:
        names, pages, page_token = [], 0, ""
        while True:
            page = self.policy.ListSecurityGroupRules(
                policy_pb2.ListSecurityGroupRulesRequest(parent=GROUP, page_size=2, page_token=page_token)
            )
            pages += 1
            names += [rule.name for rule in page.security_group_rules]
            page_token = page.next_page_token
            if not page_token:
                return f"{len(names)} rules in {pages} pages"


def main(address: str, service_config_file: str) -> None:
    with connect(address, Path(service_config_file).read_text()) as channel:
        scheduler = Scheduler(channel)
        for name, take in {
            "network": scheduler.create_network,
            "host": scheduler.create_host,
            "vm": scheduler.create_vm,
            "nic": scheduler.create_nic,
            "group": scheduler.create_group,
            "rules": scheduler.create_rules,
            "repeat": scheduler.repeat,
            "members": scheduler.add_nic,
            "bind": scheduler.bind,
            "wait": scheduler.wait_for_enforcement,
            "watch": scheduler.watch_diff,
            "error": scheduler.read_error,
            "list": scheduler.list_rules,
        }.items():
            print(f"{name}: {take()}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
