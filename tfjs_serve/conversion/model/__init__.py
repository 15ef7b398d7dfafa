"""What all other rooms work with: layers, graphs, shapes, facts, weights, problems."""
