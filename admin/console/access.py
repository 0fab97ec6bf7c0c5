"""Who may do what in the console: one table, which every route is built from and every test walks."""

from collections.abc import Mapping

from bot.store.accounts import ROLES, Role

ADVISORS: frozenset[Role] = frozenset(["sosiaaliohjaaja", "tyovoimaneuvoja"])
TEACHERS: frozenset[Role] = ADVISORS | {"koordinaattori"}  # who sees single questions, without alias or thread
LEADERS: frozenset[Role] = frozenset(["koordinaattori", "yllapitaja"])
OPERATORS: frozenset[Role] = frozenset(["yllapitaja"])
EVERYBODY: frozenset[Role] = frozenset(ROLES)

# By the name of the route. None: open to those who haven't logged in. Whoever isn't named finds nothing there (404).
# A coordinator and an operator never see a thread or an alias.
ACCESS: Mapping[str, frozenset[Role] | None] = {
    "login": None,
    "log_in": None,
    "invited": None,
    "accept_invitation": None,
    "code": EVERYBODY,
    "check_code": EVERYBODY,
    "new_code": EVERYBODY,
    "set_up_code": EVERYBODY,
    "renew_code": EVERYBODY,
    "log_out": EVERYBODY,
    "me": EVERYBODY,
    "end_session": EVERYBODY,
    "end_other_sessions": EVERYBODY,
    "set_email": ADVISORS,
    "change_habits": ADVISORS,
    "make_own_code": ADVISORS,
    "unlink_own": ADVISORS,
    "password": EVERYBODY,
    "change_password": EVERYBODY,
    "home": EVERYBODY,
    "events": EVERYBODY,
    "waiting": ADVISORS,
    "search": ADVISORS,
    "ticket": ADVISORS,
    "claim": ADVISORS,
    "release": ADVISORS,
    "say": ADVISORS,
    "save_draft": ADVISORS,
    "drop_draft": ADVISORS,
    "suggest": ADVISORS,
    "typing": ADVISORS,
    "try_again": ADVISORS,
    "close": ADVISORS,
    "hand_over": ADVISORS,
    "reopen": ADVISORS,
    "new_answer": ADVISORS,
    "publish_answer": ADVISORS,
    "new_phrasing": ADVISORS,
    "publish_phrasing": ADVISORS,
    "gaps": TEACHERS,
    "put_gap_aside": TEACHERS,
    "bring_gap_back": TEACHERS,
    "new_answer_to_gap": TEACHERS,
    "publish_answer_to_gap": TEACHERS,
    "new_phrasing_of_gap": TEACHERS,
    "publish_phrasing_of_gap": TEACHERS,
    "phrasings": TEACHERS,
    "decide_phrasings": TEACHERS,
    "questions": TEACHERS,
    "templates": ADVISORS,
    "add_template": ADVISORS,
    "template": ADVISORS,
    "change_template": ADVISORS,
    "remove_template": ADVISORS,
    "faq": EVERYBODY,
    "try_question": EVERYBODY,
    "ask_bot": EVERYBODY,
    "entry": EVERYBODY,
    "new_entry": EVERYBODY,
    "create_entry": EVERYBODY,
    "withdraw_entry": EVERYBODY,
    "edit_entry": EVERYBODY,
    "save_entry": EVERYBODY,
    "entry_versions": EVERYBODY,
    "restore_entry": EVERYBODY,
    "choose_text": EVERYBODY,
    "figures": EVERYBODY,  # sums, in which nobody can be told
    "figures_csv": EVERYBODY,
    "figures_xlsx": EVERYBODY,
    "year_report": EVERYBODY,
    "campaigns": EVERYBODY,
    "make_campaign": LEADERS,
    "campaign": EVERYBODY,
    "end_campaign": LEADERS,
    "outreach": LEADERS,
    "make_outreach_campaign": LEADERS,
    "finish_outreach": LEADERS,
    "take_outreach_back": LEADERS,
    "write_poster": LEADERS,
    "poster": EVERYBODY,
    "campaign_qr": EVERYBODY,
    "chats": LEADERS,
    "make_code": LEADERS,
    "unlink": LEADERS,
    "people": OPERATORS,
    "invite_person": OPERATORS,
    "revoke_invitation": OPERATORS,
    "disable_person": OPERATORS,
    "reset_person": OPERATORS,
    "reset_code": OPERATORS,
    "end_sessions": OPERATORS,
    "audit_log": OPERATORS,
    "troubles": OPERATORS,
}

# What one may do before the log-in is confirmed by a one-time code, where one is asked for.
WITHOUT_CODE = frozenset(["code", "check_code", "new_code", "set_up_code", "log_out"])

# What one may do before choosing a password of one's own.
WITH_ONE_TIME_PASSWORD = frozenset(["password", "change_password", "log_out"])
