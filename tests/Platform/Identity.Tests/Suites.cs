using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

// Every contract of this module runs over both stores.
public sealed class MemoryTokenTests() : TokenContract(new MemoryStore());

public sealed class PostgresTokenTests(TestServer server) : TokenContract(new PostgresDatabase(server));

public sealed class MemoryManagementTests() : ManagementContract(new MemoryStore());

public sealed class PostgresManagementTests(TestServer server) : ManagementContract(new PostgresDatabase(server));

public sealed class MemoryClientKeyTests() : ClientKeyContract(new MemoryStore());

public sealed class PostgresClientKeyTests(TestServer server) : ClientKeyContract(new PostgresDatabase(server));
