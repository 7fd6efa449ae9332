"""What several test files share: models, small protocols, schedules, tables."""
