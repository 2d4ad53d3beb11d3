"""The faults of the local system."""

import concurrent.futures
import http.server
import json
import threading
import time
import uuid

from functions import ROOT
from person import PASSWORD, Person, administrator

from .cases import CASES, LOCAL, sets_off
from .check import alarm_of
from .evaluator import Sample, metric, metrics_of
from .faults import FaultySystem, answers, healthy, slow

MAIL = {"MailFrom": "app@mail.example"}
PERSISTS = "the minute of the fault is repeated in each period of the alarm"


def sign_up(system: FaultySystem) -> None:
    """Signs a new user up, who gets a mail."""
    body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD, "name": "Ada"}
    assert system.call("POST", "/signup", body) == 201


def use(system: FaultySystem) -> None:
    """Ordinary use: a user signs up, gets a mail, mistypes the password, signs in, and reads the profile."""
    person = Person(system)
    email = person.get("/users/me").expect(200)["user"]["email"]
    for password, status in (("a wrong password", 401), (PASSWORD, 200)):
        assert system.call("POST", "/signin", {"email": email, "password": password}) == status
    for _ in range(5):
        assert system.call("GET", "/users/me", token=person.token) == 200


def requests_without_database(system: FaultySystem) -> None:
    """The database fails, so the API answers with 5xx."""
    person = Person(system)
    system.database.fault = answers(500, "com.amazonaws.dynamodb.v20120810#InternalServerError")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: system.call("GET", "/users/me", token=person.token), range(3))) == {503}
    system.database.fault = healthy


sets_off("ServerErrorsAlarm", LOCAL, use, f"API Gateway counts the responses; {PERSISTS}")(requests_without_database)
sets_off("CanaryErrorsAlarm", LOCAL, use, Canary="true")(requests_without_database)


@sets_off("LatencyAlarm", LOCAL, use, f"API Gateway measures the time; {PERSISTS}")
def a_slow_database(system: FaultySystem) -> None:
    """Each request to the database takes a second, so a sign-in takes more than three."""
    system.database.fault = slow(1)
    system.call("POST", "/signin", {"email": "ada@example.com", "password": PASSWORD})
    system.database.fault = healthy


@sets_off("MailsRefusedAlarm", LOCAL, use, **MAIL)
def a_mail_that_ses_refuses(system: FaultySystem) -> None:
    """SES refuses a mail permanently."""
    system.mail.fault = answers(400, "MessageRejected")
    sign_up(system)


@sets_off("MailsBouncedAlarm", LOCAL, use, "the events are those of SES's documentation; no mail was sent", **MAIL)
def mails_that_bounce(system: FaultySystem) -> None:
    """SES reports that mails to addresses that do not exist bounced."""
    event = json.loads((ROOT / "events/mail-bounced.json").read_text())
    for number in range(11):
        event["detail"]["mail"]["destination"] = [f"{number}@example.com"]
        system.invoke_function("MailFeedbackFunction", event)


@sets_off("MailLimitAlarm", LOCAL, use, **MAIL, MailsPerDay="1")
def one_mail_too_many(system: FaultySystem) -> None:
    """A mail is ordered after the last one of the day."""
    sign_up(system)


def guess_passwords(system: FaultySystem) -> None:
    """Wrong passwords for many accounts, more than the alarm allows in five minutes."""

    def guess(number: int) -> int:
        return system.call("POST", "/signin", {"email": f"{number}@example.com", "password": "a wrong password"})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(guess, range(301))) == {401}


sets_off("SignInFailuresAlarm", LOCAL, use, RequestsPerAddress="100000")(guess_passwords)
# Passwords are hashed with a low cost here, so the alarm has a low threshold: two seconds of hashing an hour.
sets_off("HashingTimeAlarm", LOCAL, use, RequestsPerAddress="100000", HashingSecondsPerHour="2", BcryptCost="7")(
    guess_passwords
)


def claimed(system: FaultySystem) -> list[Sample]:
    """The most functions that have worked at once. Lambda counts those of the account."""
    most, system.database.most = system.database.most, 0
    return [Sample(metric("AWS/Lambda", "ClaimedAccountConcurrency"), most)]


def use_alone(system: FaultySystem) -> list[Sample]:
    use(system)
    return claimed(system)


@sets_off("ConcurrencyAlarm", LOCAL, use_alone, f"Lambda counts the instances; {PERSISTS}", AccountConcurrency="8")
def requests_that_wait(system: FaultySystem) -> list[Sample]:
    """Requests wait for the database, each in an instance of its own."""
    system.database.fault = slow(1.5)
    body = {"email": "ada@example.com", "password": PASSWORD}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: system.call("POST", "/signin", body), range(8))) == {401}
    return claimed(system)


def dead_letters(system: FaultySystem) -> list[Sample]:
    """The events in the queues of dead letters that the alarm watches."""
    watched = [read for read, _ in metrics_of(alarm_of(CASES["EventDeadLettersAlarm"])).values()]
    queues = {read: dict(read.dimensions)["QueueName"].removesuffix(".QueueName") for read in watched}
    return [Sample(read, system.visible(queue)) for read, queue in queues.items()]


def use_without_dead_letters(system: FaultySystem) -> list[Sample]:
    use(system)
    return dead_letters(system)


@sets_off("EventDeadLettersAlarm", LOCAL, use_without_dead_letters, "SQS counts the messages")
def an_event_that_no_function_knows(system: FaultySystem) -> list[Sample]:
    """A function fails each time that it gets an event, so the event gets to the dead letters."""
    system.invoke_function("OrdersFunction", {"source": "unknown"}, waits=False)
    until = time.monotonic() + 60
    while not any(sample.value for sample in dead_letters(system)):
        assert time.monotonic() < until, "the event is not in the queue"
        time.sleep(0.2)
    return dead_letters(system)


def deliver(system: FaultySystem, status: int) -> None:
    """Sends a test event to an endpoint that answers with a status."""
    answered = threading.Event()

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            answered.set()

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        admin = administrator(system)
        # The event of the sign-up goes to no endpoint.
        system.settle()
        created = admin.post("/webhooks", {"url": f"http://127.0.0.1:{server.server_port}/"}).expect(201)
        admin.post(f"/webhooks/{created['endpoint']['id']}/test", {}).expect(202)
        assert answered.wait(60), "the event was not sent"
        server.shutdown()


@sets_off("WebhooksDisabledAlarm", LOCAL, lambda system: deliver(system, 204))
def an_endpoint_that_is_gone(system: FaultySystem) -> None:
    """An endpoint of webhooks answers with 410, so it is disabled."""
    deliver(system, 410)
