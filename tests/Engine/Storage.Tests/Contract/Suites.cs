namespace Strata.Storage.Tests.Contract;

// Each contract over each store.

public sealed class MemoryLogTests(MemoryStore store) : LogContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresLogTests(PostgresDatabase store) : LogContract(store), IClassFixture<PostgresDatabase>;

public sealed class MemoryLeasesTests(MemoryStore store) : LeasesContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresLeasesTests(PostgresDatabase store) : LeasesContract(store), IClassFixture<PostgresDatabase>;

public sealed class MemoryLinesTests(MemoryStore store) : LinesContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresLinesTests(PostgresDatabase store) : LinesContract(store), IClassFixture<PostgresDatabase>;

public sealed class MemorySearchTests(MemoryStore store) : SearchContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresSearchTests(PostgresDatabase store) : SearchContract(store), IClassFixture<PostgresDatabase>;

public sealed class MemorySearchJobsTests(MemoryStore store) : SearchJobsContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresSearchJobsTests(PostgresDatabase store) : SearchJobsContract(store), IClassFixture<PostgresDatabase>;

public sealed class MemoryMessagesTests(MemoryStore store) : MessagesContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresMessagesTests(PostgresDatabase store) : MessagesContract(store), IClassFixture<PostgresDatabase>;
