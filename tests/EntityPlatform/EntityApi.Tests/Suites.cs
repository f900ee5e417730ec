using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests;

// Every contract of the entity API runs over both stores.
public sealed class MemoryEntityTests() : EntityContract(new MemoryStore());

public sealed class PostgresEntityTests(TestServer server) : EntityContract(PostgresDatabase.Reused(server));

public sealed class MemorySearchApiTests() : SearchApiContract(new MemoryStore());

public sealed class PostgresSearchApiTests(TestServer server) : SearchApiContract(PostgresDatabase.Reused(server));
