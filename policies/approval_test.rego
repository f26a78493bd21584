package jitsudo.approval_test

import rego.v1

import data.jitsudo.approval

alice := {"email": "alice@example.com", "groups": ["sre"]}

bob := {"email": "bob@example.com", "groups": ["sre-lead"]}

ben := {"email": "ben@example.com", "groups": ["sre-lead"]}

carol := {"email": "carol@example.com", "groups": ["security"]}

cyd := {"email": "cyd@example.com", "groups": ["security"]}

dave := {"email": "dave@example.com", "groups": ["developer"]}

both := {"email": "zoe@example.com", "groups": ["security", "sre-lead"]}

staging := {"role": "infra-admin", "resource_scope": "staging", "duration_seconds": 3600}

prod := {"role": "infra-admin", "resource_scope": "123-PROD", "duration_seconds": 3600}

readonly := {"role": "logs-readonly", "resource_scope": "staging", "duration_seconds": 1800}

ask(action, user, request, approvals) := {
	"action": action,
	"user": user,
	"requester": alice,
	"request": request,
	"approvals": approvals,
}

route(request) := ask("route", alice, request, [])

# Everyday

test_one_sre_lead_is_enough if {
	approval.allow with input as ask("approve", bob, staging, [])
	approval.required_approvals == 1 with input as route(staging)
	approval.approver_groups == {"sre-lead"} with input as route(staging)
	not approval.approval_note with input as route(staging)
}

test_others_do_not_approve_and_are_told_who_does if {
	some user in [alice, carol, dave]
	not approval.allow with input as ask("approve", user, staging, [])
	approval.reason == "only sre-lead may decide this" with input as ask("approve", user, staging, [])
}

test_others_neither_deny_nor_revoke if {
	every action in ["deny", "revoke", "route", "submit", "nonsense"] {
		not approval.allow with input as ask(action, dave, staging, [])
	}
}

test_an_approver_may_deny_and_revoke if {
	approval.allow with input as ask("deny", bob, staging, [])
	approval.allow with input as ask("revoke", bob, staging, [])
}

# Prod

test_prod_takes_two_in_any_case_of_letters if {
	every text in ["prod", "PROD", "my-Production-db", "preprod"] {
		role := {"role": text, "resource_scope": "x", "duration_seconds": 60}
		scope := {"role": "x", "resource_scope": text, "duration_seconds": 60}
		approval.required_approvals == 2 with input as route(role)
		approval.required_approvals == 2 with input as route(scope)
		approval.approver_groups == {"sre-lead", "security"} with input as route(scope)
		approval.approval_note with input as route(scope)
	}
}

test_either_kind_may_be_first if {
	approval.allow with input as ask("approve", bob, prod, [])
	approval.allow with input as ask("approve", carol, prod, [])
}

test_the_other_kind_completes_it if {
	approval.allow with input as ask("approve", carol, prod, [bob])
	approval.allow with input as ask("approve", bob, prod, [carol])
}

test_a_second_sre_lead_does_not_complete_it_but_may_deny if {
	not approval.allow with input as ask("approve", ben, prod, [bob])
	contains(approval.reason, "from security") with input as ask("approve", ben, prod, [bob])
	approval.allow with input as ask("deny", ben, prod, [bob])
}

test_a_second_one_from_security_does_not_complete_it if {
	not approval.allow with input as ask("approve", cyd, prod, [carol])
	contains(approval.reason, "from sre-lead") with input as ask("approve", cyd, prod, [carol])
}

test_somebody_in_both_groups_counts_for_either if {
	approval.allow with input as ask("approve", both, prod, [])
	approval.allow with input as ask("approve", both, prod, [bob])
	approval.allow with input as ask("approve", both, prod, [carol])
	approval.allow with input as ask("approve", bob, prod, [both])
	approval.allow with input as ask("approve", carol, prod, [both])
}

test_nobody_outside_decides_on_prod if {
	some user in [alice, dave]
	not approval.allow with input as ask("approve", user, prod, [carol])
	approval.reason == "only security or sre-lead may decide this" with input as ask("approve", user, prod, [carol])
}

# Auto

test_short_and_read_only_is_auto if {
	approval.approver_tier == "auto" with input as route(readonly)
	approval.required_approvals == 1 with input as route(readonly)
}

test_a_second_longer_is_for_people if {
	request := object.union(readonly, {"duration_seconds": 1801})
	approval.approver_tier == "human" with input as route(request)
}

test_read_only_on_prod_is_for_people if {
	request := object.union(readonly, {"resource_scope": "prod"})
	approval.approver_tier == "human" with input as route(request)
}

test_read_only_in_the_middle_is_for_people if {
	request := object.union(readonly, {"role": "x-readonly-admin"})
	approval.approver_tier == "human" with input as route(request)
}

test_auto_is_for_those_who_may_ask if {
	approval.approver_tier == "human" with input as object.union(route(readonly), {"requester": dave})
}

# Whatever cannot be read

test_an_empty_input_is_refused if {
	not approval.allow with input as {}
	approval.reason with input as {}
	approval.approver_tier == "human" with input as {}
	approval.required_approvals == 2 with input as {}
}

test_a_role_that_is_missing_counts_as_prod if {
	request := {"resource_scope": "staging", "duration_seconds": 60}
	approval.required_approvals == 2 with input as route(request)
	not approval.allow with input as ask("approve", ben, request, [bob])
}

test_approvals_that_are_missing_complete_nothing if {
	not approval.allow with input as {"action": "approve", "user": bob, "request": prod}
}
