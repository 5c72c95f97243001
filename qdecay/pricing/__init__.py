"""What a discount factor costs: the policies that it makes optimal, judged by another measure."""
