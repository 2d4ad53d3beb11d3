"""The known differences from AWS: the name of a check, what differs, and the page of AWS that says what is right."""

# Of the local engines.
OURS: dict[str, str] = {}

NO_MOVES = "has no message move tasks (API_StartMessageMoveTask)"

# Of ministack 1.5.33. Names with API_ are pages of https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/,
# names with sqs- of .../latest/SQSDeveloperGuide/, and PutEvents pages of
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/.
MINISTACK = {
    "attributes: an unknown attribute is refused": "ignores it (API_GetQueueAttributes: InvalidAttributeName)",
    "attributes: no attribute is returned without a request for it": "returns all (API_GetQueueAttributes: AttributeNames)",
    "attributes: queues are listed by the beginning of their names": "answers an empty list (API_ListQueues)",
    "attributes: the sources of dead letters are listed": "does not have it (API_ListDeadLetterSourceQueues)",
    "batches: a batch of deletions can be repeated": "ReceiptHandleIsInvalid (API_DeleteMessage: deleted again, it succeeds)",
    "batches: an entry fails alone": "does not check delays and attributes (API_SendMessageBatchRequestEntry)",
    "batches: attributes count for the size of a batch": "counts bodies (sqs-quotas: message size)",
    "batches: timeouts are changed together": "accepts any number (API_ChangeMessageVisibilityBatchRequestEntry)",
    "dead letters: an older handle deletes no dead letter": "ReceiptHandleIsInvalid (API_DeleteMessage: older handles)",
    "messages: a delay hides a message": "accepts any delay (API_SendMessage: at most 900 seconds)",
    "messages: a message has at most ten attributes": "accepts more (sqs-quotas: message attributes)",
    "messages: a message over the limit is refused": "counts bodies (sqs-quotas: message size)",
    "messages: a request waits for a message": "accepts any time (API_ReceiveMessage: at most 20 seconds)",
    "messages: an invalid attribute is refused": "does not check names (sqs-message-metadata)",
    "messages: only the trace is a system attribute to send": "accepts others (API_SendMessage: MessageSystemAttributes)",
    "moves: a finished task has no handle": NO_MOVES,
    "moves: a moved message is a new message": NO_MOVES,
    "moves: a task can be cancelled": NO_MOVES,
    "moves: a task needs a queue of dead letters": NO_MOVES,
    "moves: a task needs queues that exist": NO_MOVES,
    "moves: messages move to a destination": NO_MOVES,
    "moves: messages move to where they came from": NO_MOVES,
    "moves: tasks are listed newest first": NO_MOVES,
    "moves: the handle of a task must be valid": NO_MOVES,
    "receipts: a deleted message is gone": "ReceiptHandleIsInvalid (API_DeleteMessage: deleted again, it succeeds)",
    "receipts: a timeout has limits": "accepts any number (API_ReceiveMessage: at most 43,200 seconds)",
    "receipts: an older handle deletes nothing": "ReceiptHandleIsInvalid (API_DeleteMessage: older handles)",
    "receipts: the timeout of a deleted message cannot be changed": "ReceiptHandleIsInvalid (API_ChangeMessageVisibility)",
    "requests: a request has a maximum size": "has none (API_PutEvents)",
    "requests: a request has one to ten entries": "accepts none (API_PutEvents: Entries)",
    "requests: a request with another secret is refused": "does not check signatures of SQS (CommonErrors)",
    "requests: an invalid entry fails alone": "checks the source alone (API_PutEventsResultEntry: ErrorCode)",
    "targets: a queue receives only from rules that its policy allows": "sends without permission (eb-rule-dlq)",
    "targets: a target receives the event": "ignores the time of the entry (API_PutEventsRequestEntry: Time)",
}
