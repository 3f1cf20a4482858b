"""The table of calls the stand-in answers: verb, path, the SDK's own parameter type, handler."""

import stripe.params as v1
from stripe.params import checkout as checkout_params
from stripe.params.v2 import core as v2

from marketplace.sandbox.stripe import (
    account,
    bank_payout,
    card,
    checkout,
    dispute,
    event_read,
    file,
    intent,
    money,
    refund,
    transfer,
)
from marketplace.sandbox.stripe.call import Endpoint

SESSION = "/v1/checkout/sessions"
INTENT = "/v1/payment_intents"
TRANSFER = "/v1/transfers"

ENDPOINTS = [
    Endpoint("POST", "/v2/core/accounts", v2.AccountCreateParams, account.create_account),
    Endpoint("GET", "/v2/core/accounts", v2.AccountListParams, account.list_accounts),
    Endpoint("GET", "/v2/core/accounts/<ident>", v2.AccountRetrieveParams, account.get_account),
    Endpoint("POST", "/v2/core/accounts/<ident>", v2.AccountUpdateParams, account.update_account),
    Endpoint("POST", "/v2/core/accounts/<ident>/close", v2.AccountCloseParams, account.close_account),
    Endpoint("POST", "/v2/core/account_links", v2.AccountLinkCreateParams, account.create_account_link),
    Endpoint("GET", "/v2/core/events", v2.EventListParams, event_read.list_thin_events),
    Endpoint("GET", "/v2/core/events/<ident>", v2.EventRetrieveParams, event_read.get_thin_event),
    Endpoint("GET", "/v1/accounts/<ident>", v1.AccountRetrieveParams, account.get_v1_account),
    Endpoint("POST", "/v1/accounts/<ident>/login_links", v1.AccountLoginLinkCreateParams, account.create_login_link),
    Endpoint("POST", SESSION, checkout_params.SessionCreateParams, checkout.create_session),
    Endpoint("GET", SESSION, checkout_params.SessionListParams, checkout.list_sessions),
    Endpoint("GET", f"{SESSION}/<ident>", checkout_params.SessionRetrieveParams, checkout.get_session),
    Endpoint("POST", f"{SESSION}/<ident>/expire", checkout_params.SessionExpireParams, checkout.expire_session),
    Endpoint("GET", f"{SESSION}/<ident>/line_items", checkout_params.SessionListLineItemsParams, checkout.list_lines),
    Endpoint("POST", INTENT, v1.PaymentIntentCreateParams, intent.create_payment_intent),
    Endpoint("GET", INTENT, v1.PaymentIntentListParams, intent.list_payment_intents),
    Endpoint("GET", f"{INTENT}/<ident>", v1.PaymentIntentRetrieveParams, intent.get_payment_intent),
    Endpoint("POST", f"{INTENT}/<ident>/confirm", v1.PaymentIntentConfirmParams, intent.confirm_payment_intent),
    Endpoint("POST", f"{INTENT}/<ident>/cancel", v1.PaymentIntentCancelParams, intent.cancel_payment_intent),
    Endpoint("GET", "/v1/setup_intents/<ident>", v1.SetupIntentRetrieveParams, intent.get_setup_intent),
    Endpoint("GET", "/v1/charges", v1.ChargeListParams, intent.list_charges),
    Endpoint("GET", "/v1/charges/<ident>", v1.ChargeRetrieveParams, intent.get_charge),
    Endpoint("POST", "/v1/customers", v1.CustomerCreateParams, card.create_customer),
    Endpoint("GET", "/v1/customers/<ident>", v1.CustomerRetrieveParams, card.get_customer),
    Endpoint("GET", "/v1/payment_methods", v1.PaymentMethodListParams, card.list_payment_methods),
    Endpoint("GET", "/v1/payment_methods/<ident>", v1.PaymentMethodRetrieveParams, card.get_payment_method),
    Endpoint("POST", TRANSFER, v1.TransferCreateParams, transfer.create_transfer),
    Endpoint("GET", TRANSFER, v1.TransferListParams, transfer.list_transfers),
    Endpoint("GET", f"{TRANSFER}/<ident>", v1.TransferRetrieveParams, transfer.get_transfer),
    Endpoint("POST", f"{TRANSFER}/<ident>/reversals", v1.TransferReversalCreateParams, transfer.create_reversal),
    Endpoint("GET", f"{TRANSFER}/<ident>/reversals", v1.TransferReversalListParams, transfer.list_reversals),
    Endpoint(
        "GET", f"{TRANSFER}/<ident>/reversals/<reversal>", v1.TransferReversalRetrieveParams, transfer.get_reversal
    ),
    Endpoint("POST", "/v1/refunds", v1.RefundCreateParams, refund.create_refund),
    Endpoint("GET", "/v1/refunds", v1.RefundListParams, refund.list_refunds),
    Endpoint("GET", "/v1/refunds/<ident>", v1.RefundRetrieveParams, refund.get_refund),
    Endpoint("GET", "/v1/disputes", v1.DisputeListParams, dispute.list_disputes),
    Endpoint("GET", "/v1/disputes/<ident>", v1.DisputeRetrieveParams, dispute.get_dispute),
    Endpoint("POST", "/v1/disputes/<ident>", v1.DisputeUpdateParams, dispute.update_dispute),
    Endpoint("POST", "/v1/disputes/<ident>/close", v1.DisputeCloseParams, dispute.close_dispute),
    Endpoint("POST", "/v1/files", v1.FileCreateParams, file.create_file),
    Endpoint("GET", "/v1/files", v1.FileListParams, file.list_files),
    Endpoint("GET", "/v1/files/<ident>", v1.FileRetrieveParams, file.get_file),
    Endpoint("GET", "/v1/balance", v1.BalanceRetrieveParams, money.read_balance),
    Endpoint("GET", "/v1/balance_transactions", v1.BalanceTransactionListParams, money.list_balance_transactions),
    Endpoint(
        "GET",
        "/v1/balance_transactions/<ident>",
        v1.BalanceTransactionRetrieveParams,
        money.get_balance_transaction,
    ),
    Endpoint("POST", "/v1/payouts", v1.PayoutCreateParams, bank_payout.create_bank_payout),
    Endpoint("GET", "/v1/payouts", v1.PayoutListParams, bank_payout.list_bank_payouts),
    Endpoint("GET", "/v1/payouts/<ident>", v1.PayoutRetrieveParams, bank_payout.get_bank_payout),
    Endpoint("GET", "/v1/events", v1.EventListParams, event_read.list_events),
    Endpoint("GET", "/v1/events/<ident>", v1.EventRetrieveParams, event_read.get_event),
]
