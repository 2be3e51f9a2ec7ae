#!/bin/sh
# What a person does with grpcurl: sh session.sh ADDRESS PROTOSET
set -eu
ADDRESS=$1
PROTOSET=$2

INVENTORY=portcullis.inventory.v1.InventoryService
POLICY=portcullis.policy.v1.PolicyService
DISPATCH=portcullis.dispatch.v1.DispatchService

call() { grpcurl -plaintext -d "$2" "$ADDRESS" "$1"; }

# What there is.
services=$(grpcurl -plaintext "$ADDRESS" list)
echo "services: $(echo "$services" | grep -c '^portcullis\.') services of portcullis"

field=$(grpcurl -plaintext "$ADDRESS" describe portcullis.policy.v1.SecurityGroupRule | grep -w end_port)
echo "describe: $field"

methods=$(grpcurl -protoset "$PROTOSET" list $POLICY)
echo "protoset: $(echo "$methods" | wc -l) methods of $POLICY"

# Calls.
call $INVENTORY/CreateNetwork '{"parent": "projects/grpcurl", "network_id": "blue",
  "network": {"kind": "NETWORK_KIND_VPC", "cidrs": ["10.0.0.0/24"]}}' > /dev/null
call $POLICY/CreateSecurityGroup '{"parent": "projects/grpcurl", "security_group_id": "web", "security_group": {}}' > /dev/null
created=$(call $POLICY/CreateSecurityGroupRule '{"parent": "projects/grpcurl/securityGroups/web", "security_group_rule": {
  "direction": "DIRECTION_INGRESS", "protocol": "PROTOCOL_TCP", "start_port": 443, "end_port": 443}}')
token=$(echo "$created" | sed -n 's/.*"revisionToken": "\(.*\)".*/\1/p')
echo "call: $(echo "$created" | grep -m 1 '"name"')"

answer=$(call $DISPATCH/WaitForEnforcement '{"revision_tokens": ["'"$token"'"], "timeout": "20s"}')
echo "$answer" | grep -q '"enforced": true'
echo "wait: enforced"

# The first thing that WatchStatus says of a host is its status; -max-time ends the stream.
watched=$(grpcurl -plaintext -max-time 2 -d '{"hosts": ["hosts/h1"]}' "$ADDRESS" $DISPATCH/WatchStatus 2> /dev/null || true)
echo "watch: $(echo "$watched" | grep -m 1 condition)"

# A wrong call: the status with its details, as JSON.
wrong=$(grpcurl -plaintext -format-error -d '{"parent": "projects/grpcurl/securityGroups/web", "security_group_rule": {
  "direction": "DIRECTION_INGRESS", "protocol": "PROTOCOL_TCP", "start_port": 443, "end_port": 70000}}' \
  "$ADDRESS" $POLICY/CreateSecurityGroupRule 2>&1 || true)
echo "error: $(echo "$wrong" | grep -o '"field": *"[^"]*"') $(echo "$wrong" | grep -o '"reason": *"PORT_[^"]*"')"

page=$(call $POLICY/ListSecurityGroupRules '{"parent": "projects/grpcurl/securityGroups/web", "page_size": 2}')
next=$(echo "$page" | sed -n 's/.*"nextPageToken": "\(.*\)".*/\1/p')
rest=$(call $POLICY/ListSecurityGroupRules '{"parent": "projects/grpcurl/securityGroups/web", "page_size": 2, "page_token": "'"$next"'"}')
echo "list: $(echo "$page$rest" | grep -c '"uid"') rules in 2 pages"

health=$(call grpc.health.v1.Health/Check '{"service": "'$DISPATCH'"}')
echo "health: $(echo "$health" | grep status)"
