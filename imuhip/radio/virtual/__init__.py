"""A world without hardware: sensors, their wearer and the air between them and the host, with faults on demand."""
