package jitsudo.eligibility_test

import rego.v1

import data.jitsudo.eligibility

ask(groups, seconds) := {
	"action": "submit",
	"user": {"email": "alice@example.com", "groups": groups},
	"request": {"role": "infra-admin", "resource_scope": "staging", "duration_seconds": seconds},
}

test_sre_may_ask_for_four_hours if {
	eligibility.allow with input as ask(["sre"], 14400)
}

test_four_hours_and_a_second_is_too_long if {
	not eligibility.allow with input as ask(["sre"], 14401)
	contains(eligibility.reason, "4h is the longest") with input as ask(["sre"], 14401)
}

test_everybody_else_is_told_which_group if {
	not eligibility.allow with input as ask(["developer"], 60)
	contains(eligibility.reason, "members of sre") with input as ask(["developer"], 60)
}

test_no_groups_no_allowance if {
	not eligibility.allow with input as ask([], 60)
}

test_a_group_that_only_begins_with_sre_is_another if {
	not eligibility.allow with input as ask(["sre-lead", "SRE"], 60)
}

test_an_empty_input_is_refused if {
	not eligibility.allow with input as {}
	eligibility.reason != "" with input as {}
}

test_a_missing_duration_is_refused if {
	not eligibility.allow with input as {"user": {"groups": ["sre"]}, "request": {}}
}

test_sre_may_break_the_glass_for_an_hour if {
	eligibility.allow_break_glass with input as ask(["sre"], 3600)
	not eligibility.allow_break_glass with input as ask(["sre"], 3601)
}

test_nobody_else_may_break_the_glass if {
	not eligibility.allow_break_glass with input as ask(["developer", "sre-lead"], 60)
	not eligibility.allow_break_glass with input as {}
}
