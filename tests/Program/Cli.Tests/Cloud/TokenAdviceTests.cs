using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;
using Strata.Core;

namespace Strata.Cli.Tests.Cloud;

/// <summary>A token that is not accepted is named, with the step that helps for it.</summary>
public sealed class TokenAdviceTests : IDisposable
{
    private static readonly Error Refused = new(ErrorKind.Unauthenticated, "UNAUTHORIZED", "no", "in circles: strata token");

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData("Environment", true, "the token in the variable STRATA_TOKEN", "unset STRATA_TOKEN")]
    [InlineData("Environment", false, "the token in the variable STRATA_TOKEN", "strata token create NAME")]
    [InlineData("File", false, "context.json: it has expired or was revoked", "--new-admin-token")]
    [InlineData("None", false, "none is known for it", "strata login http://127.0.0.1:1")]
    public void Explain_OfATokenThatIsNotAccepted_NamesItAndTheStep(string source, bool hasOther, string message, string step)
    {
        using var run = new Run(new RootCommand().Parse([]), new Terminal { Out = TextWriter.Null, Error = TextWriter.Null });
        run.SignIn(
            new CliContext { Server = "http://127.0.0.1:1", Token = "x", Source = Enum.Parse<TokenSource>(source), HasOther = hasOther });
        var error = TokenAdvice.Explain(run, Refused);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(step, error.NextStep, StringComparison.Ordinal);
        Assert.DoesNotContain("circles", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithARevokedToken_SaysWhichOne()
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            http.Response.StatusCode = 401;
            http.Response.ContentType = "application/problem+json";
            return Task.FromResult("""{"code":"UNAUTHORIZED","title":"The request carries no valid token.","status":401}""");
        };
        home.Write("context.json", $$"""{"server":"{{api.Address.ToString().TrimEnd('/')}}","token":"x"}""");
        var text = new StringWriter();
        var code = await StrataCommand.RunAsync(
            ["get", "deployments", "--home", home.Path], new Terminal { Out = text, Error = text }, TestContext.Current.CancellationToken);
        Assert.Equal(1, code);
        Assert.Contains($"does not accept the token that is kept in {Path.Combine(home.Path, "context.json")}", text.ToString(),
            StringComparison.Ordinal);
    }
}
