"""`make torture`: what the world does to a service, done to it on purpose; and a reckoning of what became of it all.

    python -m tests.torture [--seed N] [--kills N] [--askers N] [--only NAME …]

Each scenario is played in a world of its own (`world`): the real `koppi serve` as a process, on SQLite or PostgreSQL,
before the loopback Bot API server of the tests; 200 askers, a tenth of them in the web chat (`crowd`), and two
advisors in the console (`advisors`). What they say follows from the seed. At the end everybody goes home, everything
comes to rest, and what the world saw is compared with what the database says (`kept`), message by message (`ledger`).

Scenarios that keep the machine busy are played one after the other; those that mostly wait (an outage, a clock that is
wound) beside them.

To add a scenario: write a module like `kills` with a list SCENARIOS of `Scenario(name, act)`, and add it to that of
`__main__`. *act* gets the `World` with everybody at it. It may stop, kill and start the service, break its Telegram
(`world.telegram.fails`) or its database, and must leave a service that runs. It tells the reckoning how many copies of
a message it has given cause for (`world.may_repeat`), and what it finds wrong itself (`world.wrong`); what it has
measured goes under the table (`world.notes`). More settings of the service: `Scenario.settings`.
"""
