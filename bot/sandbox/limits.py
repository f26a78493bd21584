"""Slack's limits, each with the page that states it, as of early 2026."""

from typing import Final

ACK_SECONDS: Final = 3.0
"""An interaction or command is acknowledged within this.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""

TRIGGER_SECONDS: Final = 3.0
"""A trigger opens one view within this.

Source: https://docs.slack.dev/reference/methods/views.open
"""

RESPONSE_USES: Final = 5
RESPONSE_SECONDS: Final = 30 * 60
"""A response_url works so often, and for so long.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""

VIEW_STACK: Final = 3
"""Views on top of each other. Source: https://docs.slack.dev/surfaces/modals"""

VIEW_BYTES: Final = 250_000
"""A whole view as JSON.

Source: https://docs.slack.dev/reference/methods/views.open
"""

MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
"""Source: https://docs.slack.dev/block-kit"""

MESSAGE_BLOCK_TEXT: Final = 13_200
"""All block text of one message; undocumented, seen in bolt-js issue 2509."""

POST_TEXT: Final = 40_000
"""`chat.postMessage` cuts text here.

Source: https://docs.slack.dev/reference/methods/chat.postMessage
"""

UPDATE_TEXT: Final = 4_000
"""`chat.update` refuses longer text.

Source: https://docs.slack.dev/reference/methods/chat.update
"""

METADATA_BYTES: Final = 1_024
"""Slack documents no number; this is ours, and strict."""

PRIVATE_METADATA: Final = 3_000
VIEW_TITLE: Final = 24
IDENTIFIER: Final = 255
"""Source: https://docs.slack.dev/surfaces/modals"""

HEADER_TEXT: Final = 150
TEXT_OBJECT: Final = 3_000
SECTION_FIELDS: Final = 10
FIELD_TEXT: Final = 2_000
CONTEXT_ELEMENTS: Final = 10
ACTIONS_ELEMENTS: Final = 25
LABEL_TEXT: Final = 2_000
ALERT_TEXT: Final = 200
MARKDOWN_TEXT: Final = 12_000
"""Source: https://docs.slack.dev/reference/block-kit/blocks"""

BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2_000
URL: Final = 3_000
PLACEHOLDER: Final = 150
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 150
OPTIONS: Final = 100
CHOICES: Final = 10
OVERFLOW_OPTIONS: Final = 5
INPUT_TEXT: Final = 3_000
"""Source: https://docs.slack.dev/reference/block-kit/block-elements"""

CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30
"""Source: https://docs.slack.dev/reference/block-kit/composition-objects"""

SOCKETS: Final = 10
"""Connections per app.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""
