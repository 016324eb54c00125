# A client that leaves at the ID prompt has started no helper, leaves no log line, and Werbot is not asked.

[dialogue]
echo "Enter your Werbot ID (email or username): " <- leave

[outcome]
left

[requests]
connections = 0
