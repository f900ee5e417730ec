using System.Net;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>What the client makes of refusals, of waits and of its solver.</summary>
public sealed class AcmeClientTests : IDisposable
{
    private readonly HurryingTime time = new();
    private readonly StubServer server;

    public AcmeClientTests() => server = new StubServer(time);

    [Fact]
    public async Task OrderAsync_ServerThatBehaves_YieldsTheCertificate()
    {
        var ordered = await server.OrderAsync();
        Assert.True(ordered.IsOk, ordered.Error?.ToString());
        var challenge = Assert.Single(server.Presented);
        Assert.Equal((StubServer.Name, AcmeChallenge.Http, "abc-_9"), (challenge.Name, challenge.Type, challenge.Token));
        Assert.Equal("abc-_9." + AcmeClient.ThumbprintOf(server.AccountKey), challenge.KeyAuthorization);
        Assert.Equal([challenge], server.Withdrawn);
        Assert.Equal(["/dir", "/nonce", "/account", "/order", "/authz", "/challenge", "/authz", "/order/1", "/finalize", "/order/1",
            "/certificate"], server.Asked);
        Assert.Empty(time.Pauses);
    }

    [Theory]
    [InlineData("/authz", "the check of shop.example.com (http-01)")]
    [InlineData("/order/1", "accepting the proofs")]
    public async Task OrderAsync_EndlessProcessing_IsGivenUp(string path, string what)
    {
        server.Members[path] = new() { ["status"] = "pending" };
        var error = (await server.OrderAsync()).Error;
        Assert.Equal((AcmeErrors.TimedOutCode, true), (error?.Code, error?.Retryable));
        Assert.Contains($"did not finish {what} within 120 seconds", error!.Message, StringComparison.Ordinal);
        Assert.Equal(new[] { 0.25, 0.5, 1, 2, 4, 5, 5 }, time.Pauses.Take(7).Select(p => p.TotalSeconds));
        Assert.InRange(time.Pauses.Sum(p => p.TotalSeconds), 110, 120);
        Assert.Equal(server.Presented, server.Withdrawn);
    }

    [Fact]
    public async Task OrderAsync_WaitsTogether_AreBounded()
    {
        Pending("/authz", asks => asks < 20 ? "pending" : "valid");
        server.Members["/order/1"] = new() { ["status"] = "processing" };
        Assert.Equal(AcmeErrors.TimedOutCode, (await server.OrderAsync()).Error?.Code);
        Assert.InRange(time.Pauses.Sum(p => p.TotalSeconds), 110, 120);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", 0.25)]
    [InlineData("-5", 0.25)]
    [InlineData("Fri, 20 Nov 2026 14:00:09 GMT", 9)]
    [InlineData("Fri, 20 Nov 1996 14:00:09 GMT", 0.25)]
    [InlineData("soon", 0.25)]
    public async Task OrderAsync_RetryAfter_IsRespected(string retryAfter, double seconds)
    {
        Pending("/authz", asks => asks < 3 ? "pending" : "valid", ("Retry-After", retryAfter));
        Assert.True((await server.OrderAsync()).IsOk);
        Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(time.Pauses)); // the first question came before the proof
    }

    [Fact]
    public async Task OrderAsync_RetryAfterBeyondPatience_IsGivenUpAtOnce()
    {
        Pending("/authz", _ => "pending", ("Retry-After", "86400"));
        var error = (await server.OrderAsync()).Error;
        Assert.Equal((AcmeErrors.TimedOutCode, "86400"), (error?.Code, error?.Details?[AcmeErrors.RetryAfterDetail]));
        Assert.Empty(time.Pauses);
    }

    [Fact]
    public async Task RegisterAsync_NoncesRejected_AreReplaced()
    {
        server.Instead["/account"] = asks => asks < AcmeTransport.TriesMax
            ? server.Problem(HttpStatusCode.BadRequest, "badNonce", "stale") : Account();
        Assert.True((await RegisterAsync()).IsOk);
        Assert.Single(server.Asked, "/nonce"); // each refusal brought another one
    }

    [Fact]
    public async Task RegisterAsync_NoncesRejectedForever_IsRefused()
    {
        server.Instead["/account"] = _ => server.Problem(HttpStatusCode.BadRequest, "badNonce", "stale");
        var error = (await RegisterAsync()).Error;
        Assert.Equal((AcmeErrors.RefusedCode, "badNonce", true), (error?.Code, error?.Details?[AcmeErrors.TypeDetail], error?.Retryable));
        Assert.Equal(AcmeTransport.TriesMax, server.Asked.Count(p => p == "/account"));
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests, "rateLimited", "3600", "3600")]
    [InlineData(HttpStatusCode.Forbidden, "rateLimited", "Fri, 20 Nov 2026 15:00:00 GMT", "3600")]
    [InlineData(HttpStatusCode.ServiceUnavailable, "rateLimited", null, null)]
    [InlineData(HttpStatusCode.TooManyRequests, "unknown type", "999999999", "2678400")]
    public async Task RegisterAsync_RateLimited_SaysWhenAgain(HttpStatusCode status, string type, string? retryAfter, string? seconds)
    {
        server.Instead["/account"] = _ => retryAfter is null ? server.Problem(status, type, "too many certificates")
            : server.Problem(status, type, "too many certificates", ("Retry-After", retryAfter));
        var error = (await RegisterAsync()).Error;
        Assert.Equal((AcmeErrors.RateLimitedCode, ErrorKind.TooMany, true), (error?.Code, error?.Kind, error?.Retryable));
        Assert.Equal(seconds, error!.Details?[AcmeErrors.RetryAfterDetail]);
        Assert.Contains("too many certificates", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, AcmeErrors.UnreachableCode, true)]
    [InlineData(HttpStatusCode.BadGateway, AcmeErrors.UnreachableCode, true)]
    [InlineData(HttpStatusCode.NotFound, AcmeErrors.RefusedCode, false)]
    public async Task RegisterAsync_RefusalWithoutReason_NamesTheStatus(HttpStatusCode status, string code, bool isRetryable)
    {
        server.Instead["/account"] = _ => server.Text(status, "<html>sorry</html>");
        var error = (await RegisterAsync()).Error;
        Assert.Equal((code, isRetryable), (error?.Code, error?.Retryable));
        Assert.Contains($"status {(int)status}", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("deactivated")]
    [InlineData("revoked")]
    public async Task RegisterAsync_AccountThatIsOver_IsRefused(string status)
    {
        server.Members["/account"] = new() { ["status"] = status };
        var error = (await RegisterAsync()).Error;
        Assert.Equal(AcmeErrors.RefusedCode, error?.Code);
        Assert.Contains(status, error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://ca.test/new-terms", "https://ca.test/new-terms")]
    [InlineData(null, "https://ca.test/terms")]
    public async Task RegisterAsync_TermsChanged_NamesThem(string? instance, string named)
    {
        server.Members["/dir"] = new() { ["meta"] = new { termsOfService = "https://ca.test/terms" } };
        server.Instead["/account"] = _ => server.Json(
            HttpStatusCode.Forbidden, new { type = "urn:ietf:params:acme:error:userActionRequired", detail = "new terms", instance });
        var error = (await RegisterAsync()).Error;
        Assert.Equal((AcmeErrors.TermsNotAgreedCode, named), (error?.Code, error?.Details?[AcmeErrors.TermsDetail]));
    }

    [Fact]
    public async Task OrderAsync_Subproblems_AreNamed_InOneShortLine()
    {
        server.Instead["/order"] = _ => server.Json(HttpStatusCode.Forbidden, new
        {
            type = "urn:ietf:params:acme:error:rejectedIdentifier", detail = "Some\r\nnames \u001b[31mare\u202e refused",
            subproblems = new[]
            {
                new { type = "x", detail = "not ours", identifier = new { type = "dns", value = "a.example.com" } },
                new { type = "x", detail = new string('y', 900_000), identifier = new { type = "dns", value = "b.example.com" } },
            },
        });
        var error = (await server.OrderAsync()).Error;
        Assert.Equal((AcmeErrors.RefusedCode, "rejectedIdentifier"), (error?.Code, error?.Details?[AcmeErrors.TypeDetail]));
        Assert.StartsWith("The ACME server refused the request: Some names [31mare refused; a.example.com: not ours; b.example.com: yyy",
            error!.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 500, 600);
    }

    [Fact]
    public async Task OrderAsync_SolverCannot_PassesItsErrorOn_AndWithdraws()
    {
        var unable = new Error(ErrorKind.Unavailable, "DNS_DOWN", "The DNS provider does not answer.");
        server.OnPresent = () => unable;
        Assert.Equal(unable, (await server.OrderAsync()).Error);
        Assert.Equal(server.Presented, server.Withdrawn);
        Assert.DoesNotContain("/challenge", server.Asked);
    }

    [Fact]
    public async Task OrderAsync_SolverThrowsAtTheEnd_KeepsTheCertificate()
    {
        server.OnWithdraw = () => throw new InvalidOperationException("bug");
        Assert.True((await server.OrderAsync()).IsOk);
    }

    [Fact]
    public async Task OrderAsync_ProvenForAnotherOrder_PresentsNothing()
    {
        server.Members["/authz"] = new() { ["status"] = "valid", ["challenges"] = null };
        Assert.True((await server.OrderAsync()).IsOk);
        Assert.Empty(server.Presented);
    }

    [Fact]
    public async Task DirectoryAsync_Again_IsKeptForAnHour()
    {
        await server.Client.DirectoryAsync(CancellationToken.None);
        await server.Client.DirectoryAsync(CancellationToken.None);
        Assert.Single(server.Asked);
        await Task.Delay(TimeSpan.FromHours(1), time);
        await server.Client.DirectoryAsync(CancellationToken.None);
        Assert.Equal(2, server.Asked.Count);
    }

    public void Dispose() => server.Dispose();

    private HttpResponseMessage Account() => server.Json(HttpStatusCode.OK, new { status = "valid" }, ("Location", "/account/1"));

    private Task<Result<Uri>> RegisterAsync() =>
        server.Client.RegisterAsync(new AcmeContact(null, AgreesToTerms: true), CancellationToken.None);

    /// <summary>The authorization, whose status depends on how often it was asked for.</summary>
    private void Pending(string path, Func<int, string> status, params (string Name, string Value)[] headers) =>
        server.Instead[path] = asks => server.Json(HttpStatusCode.OK, new
        {
            status = status(asks), identifier = new { type = "dns", value = StubServer.Name },
            challenges = new[] { new { type = "http-01", url = "https://ca.test/challenge", token = "abc", status = "pending" } },
        }, headers);
}
