using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;

namespace Strata.Storage.Tests.Postgres;

/// <summary>A database that cannot be used as it is: the error names the fault and the fix.</summary>
public sealed class OpenErrorsTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    [Theory]
    [InlineData("Database=nowhere", "DATABASE_NOT_FOUND", "nowhere", "createdb")]
    [InlineData("Password=wrong", "DATABASE_LOGIN_REFUSED", "strata", "--postgres-url")]
    [InlineData("Username=stranger", "DATABASE_LOGIN_REFUSED", "stranger", "--postgres-url")]
    [InlineData("Host=no-such-host.invalid", "DATABASE_UNREACHABLE", "no-such-host.invalid", "--postgres-url")]
    [InlineData("Host=127.0.0.1;Port=1", "DATABASE_UNREACHABLE", "127.0.0.1:1", "--postgres-url")]
    [InlineData("Host=/no/such/folder", "DATABASE_UNREACHABLE", "/no/such/folder", "--postgres-url")]
    public async Task Open_AWrongAddress_NamesTheFaultAndTheFix(string change, string code, string message, string step)
    {
        var error = await OpenAsync($"{database.ConnectionString};{change}");
        Assert.Equal(code, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(step, error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AsAUserWithoutRights_SaysWhichAreMissing()
    {
        await RunAsync("create role guest login password 'guest'", "create database empty");
        foreach (var name in (string[])["empty", new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!])
        {
            var error = await OpenAsync($"{database.ConnectionString};Username=guest;Password=guest;Database={name}");
            Assert.Equal("DATABASE_RIGHTS_MISSING", error.Code);
            Assert.Contains($"grant create on database \"{name}\" to \"guest\"", error.NextStep, StringComparison.Ordinal);
        }
        await RunAsync("grant create on database empty to guest");
        var missing = await OpenAsync($"{database.ConnectionString};Username=guest;Password=guest;Database=empty");
        Assert.Equal("DATABASE_ROLE_MISSING", missing.Code);
        var role = TenantRole.Of("empty");
        Assert.Contains($"create role {role}; grant {role} to \"guest\"", missing.NextStep, StringComparison.Ordinal);
        await RunAsync($"create role {role}", $"grant {role} to guest");
        await using var store = await PostgresStore.OpenAsync(
            Options($"{database.ConnectionString};Username=guest;Password=guest;Database=empty"), TimeProvider.System,
            NullLoggerFactory.Instance, CancellationToken.None);
    }

    [Fact]
    public void OfVersion_OlderThan15_IsAnError()
    {
        Assert.Equal("DATABASE_TOO_OLD", OpenErrors.OfVersion(new Version(14, 9))?.Code);
        Assert.Null(OpenErrors.OfVersion(new Version(15, 0)));
    }

    [Fact]
    public async Task Open_ADatabaseThatIsNotUtf8_IsRefused()
    {
        await RunAsync("create database ascii encoding SQL_ASCII template template0 lc_collate 'C' lc_ctype 'C'");
        Assert.Equal("DATABASE_ENCODING", (await OpenAsync($"{database.ConnectionString};Database=ascii")).Code);
    }

    private static PostgresOptions Options(string connection) => new() { ConnectionString = connection, PoolSizeMax = 2 };

    private static async Task<Error> OpenAsync(string connection) => (await Assert.ThrowsAsync<StrataException>(
        () => PostgresStore.OpenAsync(Options(connection), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None))).Error;

    private async Task RunAsync(params string[] statements)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        foreach (var sql in statements)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
