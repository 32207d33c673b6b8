"""Hip angles to range tests and repetitions."""
