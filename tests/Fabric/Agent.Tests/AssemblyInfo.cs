// More than there are cores: most of a test's time is spent waiting for processes to start, to end or to be noticed.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
