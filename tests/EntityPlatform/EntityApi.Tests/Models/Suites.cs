using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Models;

public sealed class MemoryModelTests() : ModelContract(new MemoryStore());

public sealed class PostgresModelTests(TestServer server) : ModelContract(PostgresDatabase.Reused(server));

public sealed class MemoryPrecisionTests() : PrecisionContract(new MemoryStore());

public sealed class PostgresPrecisionTests(TestServer server) : PrecisionContract(PostgresDatabase.Reused(server));
