# METADATA
# title: Eligibility
# description: |
#   May this person ask for this role, for this long? Asked when somebody submits
#   a request, and again whenever somebody approves it.
#   Only what is proved is allowed: whatever is missing from the input means no.
package jitsudo.eligibility

import rego.v1

# METADATA
# title: The longest that can be asked for
# description: Four hours, counted from when the credentials are issued.
max_seconds := 14400

default allow := false

# METADATA
# title: May ask
# entrypoint: true
allow if {
	is_member
	is_short_enough
}

is_member if "sre" in input.user.groups

is_short_enough if input.request.duration_seconds <= max_seconds

# METADATA
# title: What a refused person reads
# description: Say what is missing, so that they know what to do next.
reason := "only members of sre may ask; ask to be added to that group" if {
	not is_member
} else := "4h is the longest you may ask for; ask for less" if {
	not is_short_enough
}

# METADATA
# title: Break-glass
# description: |
#   Who may have it at once, without a yes, when nobody can be reached; needs allow
#   as well. It is told loudly, and somebody else has to review it afterwards.
#   Take the second rule out if nobody may.
default allow_break_glass := false

allow_break_glass if {
	is_member
	input.request.duration_seconds <= 3600
}
