"""What an organisation is: types of incidents, people, detection, workflow. Frozen and checked."""
