"""The parts of the burst benchmark: Slack, who sends, and Baton, each in processes of their own."""
