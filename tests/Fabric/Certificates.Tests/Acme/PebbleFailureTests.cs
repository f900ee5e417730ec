using System.Security.Cryptography;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>Orders that fail at a real ACME server: the error says why, nothing hangs, and nothing that was presented stays.</summary>
public class PebbleFailureTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AcmeChallenge.Http, "did not match this challenge")]
    [InlineData(AcmeChallenge.TlsAlpn, "Invalid acmeValidation extension value")]
    [InlineData(AcmeChallenge.Dns, "Correct value not found for DNS challenge")]
    public async Task OrderAsync_WrongProof_SaysWhy(string type, string reason)
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, type) { Instead = c => c with { KeyAuthorization = "something else" } };
        var error = await FailAsync(pebble, solver, "shop.example.com");
        Assert.Equal((AcmeErrors.RefusedCode, "unauthorized"), (error.Code, error.Details?[AcmeErrors.TypeDetail]));
        Assert.StartsWith($"shop.example.com could not be verified by {type}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OrderAsync_WhereNothingListens_SaysSoOfEachName()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new SilentSolver();
        var error = await FailAsync(pebble, solver, "a.example.com", "b.example.com");
        Assert.Equal((AcmeErrors.RefusedCode, "connection"), (error.Code, error.Details?[AcmeErrors.TypeDetail]));
        Assert.Contains("connection refused", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a.example.com", "b.example.com"], error.Faults!.Select(f => f.Field).Order());
        Assert.Contains("ports 80 and 443", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OrderAsync_OneOfTwoNames_IsNamed()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http)
        {
            Instead = c => c.Name == "b.example.com" ? c with { KeyAuthorization = "something else" } : c,
        };
        var error = await FailAsync(pebble, solver, "a.example.com", "b.example.com");
        Assert.StartsWith("b.example.com could not be verified", error.Message, StringComparison.Ordinal);
        Assert.Null(error.Faults);
    }

    [Theory]
    [InlineData("blocked.example.com", "rejectedIdentifier", "forbidden by policy")]
    [InlineData("shop_.example.com!", "malformed", "illegal character")]
    public async Task OrderAsync_NameThatIsNotAllowed_IsRefused(string name, string type, string reason)
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        var error = await FailAsync(pebble, solver, name);
        Assert.Equal((AcmeErrors.RefusedCode, type), (error.Code, error.Details?[AcmeErrors.TypeDetail]));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Empty(solver.Presented);
    }

    [Fact]
    public async Task OrderAsync_WildcardWithoutDns_SaysWhatIsNeeded()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http, AcmeChallenge.TlsAlpn);
        var error = await FailAsync(pebble, solver, "shop.example.com", "*.shop.example.com");
        Assert.Equal(AcmeErrors.NoChallengeCode, error.Code);
        Assert.Contains("*.shop.example.com: the ACME server accepts dns-01", error.Message, StringComparison.Ordinal);
        Assert.Contains("dns-01", error.NextStep, StringComparison.Ordinal);
        Assert.Empty(solver.Presented); // not even of the name that could be proven
    }

    [Fact]
    public async Task OrderAsync_UnknownAccount_IsRefused()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var unknown = new Uri(pebble.DirectoryAddress, "/my-account/99");
        var error = (await pebble.Client(account).OrderAsync(unknown, ["shop.example.com"], key, solver, Cancelled)).Error;
        Assert.Equal((AcmeErrors.RefusedCode, "accountDoesNotExist"), (error?.Code, error?.Details?[AcmeErrors.TypeDetail]));
    }

    [Fact]
    public async Task OrderAsync_ServerDiesInTheMiddle_IsUnreachable()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http) { Before = _ => pebble.DownAsync() };
        var error = await FailAsync(pebble, solver, "shop.example.com");
        Assert.Equal((AcmeErrors.UnreachableCode, true), (error.Code, error.Retryable));
        Assert.Contains($"localhost:{pebble.DirectoryAddress.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OrderAsync_ServerForgetsEverythingInTheMiddle_IsRefused_AndTheNextOrderWorks()
    {
        await using var pebble = await Pebble.StartAsync();
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (client, contact) = (pebble.Client(account), new AcmeContact(null, AgreesToTerms: true));
        await using (var solver = new PebbleSolver(pebble, AcmeChallenge.Http) { Before = _ => RestartAsync(pebble) })
        {
            var address = (await client.RegisterAsync(contact, Cancelled)).Value;
            var error = (await client.OrderAsync(address, ["shop.example.com"], key, solver, Cancelled)).Error;
            Assert.Equal((AcmeErrors.RefusedCode, "accountDoesNotExist"), (error?.Code, error?.Details?[AcmeErrors.TypeDetail]));
            solver.AssertClean();
        }
        await using var next = new PebbleSolver(pebble, AcmeChallenge.Http);
        var again = await client.RegisterAsync(contact, Cancelled);
        var ordered = await client.OrderAsync(again.Value, ["shop.example.com"], key, next, Cancelled);
        Assert.True(ordered.IsOk, ordered.Error?.ToString());
    }

    [Fact]
    public async Task OrderAsync_Cancelled_WithdrawsWhatWasPresented()
    {
        await using var pebble = await Pebble.StartAsync();
        using var source = new CancellationTokenSource();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Dns)
        {
            Before = c => c.Name == "b.example.com" ? source.CancelAsync() : Task.CompletedTask,
        };
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var address = (await client.RegisterAsync(new AcmeContact(null, AgreesToTerms: true), Cancelled)).Value;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.OrderAsync(address, ["a.example.com", "b.example.com"], key, solver, source.Token));
        solver.AssertClean();
    }

    private static async Task RestartAsync(Pebble pebble)
    {
        await pebble.DownAsync();
        await pebble.UpAsync(new PebbleOptions());
    }

    private static async Task<Error> FailAsync(Pebble pebble, IAcmeSolver solver, params string[] names)
    {
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var address = (await client.RegisterAsync(new AcmeContact(null, AgreesToTerms: true), Cancelled)).Value;
        var ordered = await client.OrderAsync(address, names, key, solver, Cancelled);
        (solver as PebbleSolver)?.AssertClean();
        Assert.NotNull(ordered.Error);
        return ordered.Error;
    }

    /// <summary>Claims that it can prove everything, and does nothing.</summary>
    private sealed class SilentSolver : IAcmeSolver, IAsyncDisposable
    {
        public IReadOnlyList<string> TypesFor(string name) => [AcmeChallenge.Http];

        public Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken) =>
            Task.FromResult<Result<Done>>(new Done());

        public Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => default;
    }
}
