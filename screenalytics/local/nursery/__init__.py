"""A process that has everything loaded and becomes a service when one is wanted: one machine's services by forking.

Each service loads some 2,000 modules, for over a second of processor time and 100 MiB; five that are forked share both.
**The nursery itself does nothing but fork**: it has no thread, no connection and no event loop that a child could inherit.
"""
