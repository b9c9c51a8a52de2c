"""What runs trials: this process, processes of this machine, a cluster."""
