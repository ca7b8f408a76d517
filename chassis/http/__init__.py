"""What every HTTP router stands on: results and errors, who is calling, bounds, versions, pages."""
