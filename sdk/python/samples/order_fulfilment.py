"""Order fulfilment: a fraud criterion and a payment processor, in one process with a shop that places orders.

    PYTHONPATH=. python3 samples/order_fulfilment.py        (with STRATA_URL and STRATA_TOKEN, or a cloud on this machine)
"""
import threading

from strata import Member, Strata, StrataError

TAGS = {"calculationNodesTags": "order-fulfilment-py"}
WORKFLOW = {
    "version": "1.0", "name": "fulfilment", "initialState": "NEW", "active": True,
    "states": {
        "NEW": {"transitions": [
            {"name": "suspect", "next": "REVIEW", "criterion": {"type": "function", "function": {"name": "is-fraud", "config": TAGS}}},
            {"name": "accept", "next": "PLACED"},
        ]},
        "REVIEW": {"transitions": [{"name": "release", "next": "PLACED", "manual": True}]},
        "PLACED": {"transitions": [{"name": "pay", "next": "PAID", "manual": True, "processors": [{"type": "externalized", "name": "charge", "executionMode": "SYNC", "config": TAGS}]}]},
        "PAID": {},
    },
}

strata = Strata()
orders, payments = strata.entities("sdk-py-order"), strata.entities("sdk-py-payment")
member = Member(strata, tags=["order-fulfilment-py"])


@member.criterion("is-fraud")
def is_fraud(order, call):
    return order["amount"] > 10_000


@member.processor("charge")
def charge(order, call):
    if order["amount"] <= 0:
        raise ValueError("There is nothing to pay.")
    # Written in the transaction that waits for this answer: payment and order become durable together, or neither does.
    return {**order, "payment": payments.create({"order": call.entity_id, "amount": order["amount"]})}


def prepare(model, sample, workflows=()):
    try:
        strata.request("POST", f"/api/model/import/JSON/SAMPLE_DATA/{model}/1", sample)
        strata.request("PUT", f"/api/model/{model}/1/lock")
    except StrataError as error:
        if error.status != 409:  # it is there already
            raise
    if workflows:
        strata.request("POST", f"/api/model/{model}/1/workflow/import", {"importMode": "REPLACE", "workflows": list(workflows)})


def main():
    prepare("sdk-py-payment", {"order": "x", "amount": 1.5})
    prepare("sdk-py-order", {"customer": "x", "amount": 1.5, "payment": "x"}, [WORKFLOW])
    serving = threading.Thread(target=member.run)
    serving.start()
    try:
        assert member.joined.wait(20), "The member could not join."
        first = orders.create({"customer": "Jane", "amount": 129.95})
        orders.transition(first, "pay")
        paid = orders.get(first)
        payment = payments.get(paid.data["payment"])
        assert (paid.state, payment.data) == ("PAID", {"order": first, "amount": 129.95}) and payment.meta["transactionId"] == paid.meta["transactionId"]
        print(f"Jane's order is {paid.state}, and its payment {payment.id} was written in the same transaction.")

        suspicious = orders.create({"customer": "Mallory", "amount": 99_999})
        assert orders.get(suspicious).state == "REVIEW"
        print("Mallory's order waits for a REVIEW.")

        empty = orders.create({"customer": "Joe", "amount": 0})
        try:
            orders.transition(empty, "pay")
            raise AssertionError("It was paid.")
        except StrataError as error:
            assert error.code == "WORKFLOW_FAILED" and "nothing to pay" in error.message, error
        assert orders.get(empty).state == "PLACED"
        print("Joe's order is still PLACED: there is nothing to pay.")

        condition = {"type": "simple", "jsonPath": "$.amount", "operatorType": "GREATER_THAN", "value": 100}
        assert first in {order.id for order in orders.search(condition)}
        assert any(True for _ in strata.feed(model="sdk-py-order"))
    finally:
        member.stop()
        serving.join()


if __name__ == "__main__":
    main()
