"""What everything else here speaks of: layers, graphs, shapes, facts, weights, problems."""
