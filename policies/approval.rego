# METADATA
# title: Approval
# description: |
#   Who has to say yes, and may this person decide? Asked with action "route" when
#   a request is submitted (the requester is the user then, and allow is not read),
#   and with "approve", "deny" or "revoke" for the acting person.
#   Every earlier approval is asked again, with those before it in input.approvals.
package jitsudo.approval

import rego.v1

# METADATA
# title: Where a request is everyday
# description: |
#   Neither role nor scope speaks of prod, in any case of letters. It is the
#   harmless case that is proved, so that what cannot be read counts as prod.
everyday if {
	role := lower(input.request.role)
	scope := lower(input.request.resource_scope)
	not contains(role, "prod")
	not contains(scope, "prod")
}

# METADATA
# title: Who may approve; shown on the card
approver_groups contains "sre-lead"

approver_groups contains "security" if not everyday

# METADATA
# title: How many approvals it takes
default required_approvals := 2

required_approvals := 1 if everyday

# METADATA
# title: A line for the card
approval_note := "one approval from sre-lead and one from security" if not everyday

# METADATA
# title: Who has to say yes
# description: Short, read-only and everyday needs nobody.
default approver_tier := "human"

approver_tier := "auto" if {
	everyday
	"sre" in input.requester.groups
	endswith(lower(input.request.role), "-readonly")
	input.request.duration_seconds <= 1800
}

default allow := false

# METADATA
# title: May decide
# description: Any approver may deny, or end what was granted.
# entrypoint: true
allow if {
	input.action in {"deny", "revoke"}
	is_approver
}

allow if {
	input.action == "approve"
	is_approver
	everyday
}

# The first of two approvals.
allow if {
	input.action == "approve"
	is_approver
	count(input.approvals) == 0
}

# The one that completes them.
allow if {
	input.action == "approve"
	is_approver
	both_kinds
}

is_approver if {
	some group in input.user.groups
	group in approver_groups
}

# Two different people, one from each group, the acting one included. Somebody who
# is in both groups counts for either.
both_kinds if {
	people := array.concat(input.approvals, [input.user])
	some i, lead in people
	"sre-lead" in lead.groups
	some j, guard in people
	"security" in guard.groups
	i != j
}

has_security if {
	some approval in input.approvals
	"security" in approval.groups
}

# METADATA
# title: What a refused person reads
reason := text if {
	not is_approver
	groups := concat(" or ", sort(approver_groups))
	text := concat(" ", ["only", groups, "may decide this"])
} else := "sre-lead has approved; the second approval has to come from security" if {
	not has_security
} else := "security has approved; the second approval has to come from sre-lead"
