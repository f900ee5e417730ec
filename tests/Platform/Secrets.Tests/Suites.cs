using Strata.Storage.Tests.Contract;

namespace Strata.Secrets.Tests;

// Every contract of this module runs over both stores.
public sealed class MemorySecretTests() : SecretContract(new MemoryStore());

public sealed class PostgresSecretTests(TestServer server) : SecretContract(new PostgresDatabase(server));

public sealed class MemoryRotationTests() : RotationContract(new MemoryStore());

public sealed class PostgresRotationTests(TestServer server) : RotationContract(new PostgresDatabase(server));
