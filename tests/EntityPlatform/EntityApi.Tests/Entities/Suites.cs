using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

public sealed class MemoryOneTests() : OneContract(new MemoryStore());

public sealed class PostgresOneTests(TestServer server) : OneContract(PostgresDatabase.Reused(server));

public sealed class MemoryManyTests() : ManyContract(new MemoryStore());

public sealed class PostgresManyTests(TestServer server) : ManyContract(PostgresDatabase.Reused(server));

public sealed class MemoryDeleteTests() : DeleteContract(new MemoryStore());

public sealed class PostgresDeleteTests(TestServer server) : DeleteContract(PostgresDatabase.Reused(server));

public sealed class MemoryStatsTests() : StatsContract(new MemoryStore());

public sealed class PostgresStatsTests(TestServer server) : StatsContract(PostgresDatabase.Reused(server));

public sealed class MemoryKeyTests() : KeyContract(new MemoryStore());

public sealed class PostgresKeyTests(TestServer server) : KeyContract(PostgresDatabase.Reused(server));
