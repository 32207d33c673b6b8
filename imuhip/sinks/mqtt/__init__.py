"""Live results to an MQTT broker.

::

    feeding side (recorder, replay)         thread of the sink, with a loop of its own
    tap.py    pipeline -> sink
    sink.py   frames(), result()  ------->  courier.py     connect, serve, reconnect
      frames.py   bounded queue, drop-oldest                 connection.py  aiomqtt; reasons.py  in words
      outbox.py   never-lost events  ---->  spool.py         a file of events, on a thread of its own
              <-- commands()  ------------  commands.py      validated
    address.py broker and credentials, topics.py, payloads.py + schemas/, discovery.py (Home Assistant), check.py,
    embedded.py (a small broker for those who have none)

TOPICS.md is the contract for subscribers.
"""
