using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Models;

public sealed class MemoryModelTests() : ModelContract(new MemoryStore());

public sealed class PostgresModelTests(TestServer server) : ModelContract(new PostgresDatabase(server, reused: true));

public sealed class MemoryPrecisionTests() : PrecisionContract(new MemoryStore());

public sealed class PostgresPrecisionTests(TestServer server) : PrecisionContract(new PostgresDatabase(server, reused: true));
