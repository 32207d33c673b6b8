"""Sensors over Bluetooth: a client over bleak, and a virtual radio for use without hardware.

This folder is a shell: it owns tasks, time-outs and the adapter, and hands raw notifications with their time of arrival
to whoever records and measures them. It decodes nothing but what it needs to know whether data flows.
"""
