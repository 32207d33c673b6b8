"""imuhip: hip angles, range tests and slow-control grading from body-worn motion sensors."""

__version__ = "0.1.0"
