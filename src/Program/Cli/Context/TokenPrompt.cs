using System.Text;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Reads a token that is typed without being shown, or piped in.</summary>
internal static class TokenPrompt
{
    private const int LengthMax = 16_384;

    /// <param name="server">Whose token is asked for.</param>
    /// <exception cref="StrataException">USAGE: it is empty, or no token.</exception>
    public static async Task<string> ReadAsync(Run run, string server, CancellationToken cancellationToken)
    {
        var token = (run.Terminal.InIsTerminal ? await AskAsync(run, server, cancellationToken)
            : await Task.Run(() => ReadLine(run.Terminal.In), CancellationToken.None).WaitAsync(cancellationToken)).Trim();
        if (token.Length == 0)
            throw UsageErrors.Of("No token was given.", run.Terminal.InIsTerminal
                ? "Enter it when you are asked, or pipe it in: strata login URL < token.txt"
                : "Pipe one in, or run this in a terminal to sign in by your browser.")
                .ToException();
        if (token.Length > LengthMax || token.Any(c => c is <= ' ' or > '~'))
            throw UsageErrors.Of("That is not a token.", "Strata's begin with stk_; \"strata token create NAME\" makes one.").ToException();
        return token;
    }

    private static Task<string> AskAsync(Run run, string server, CancellationToken cancellationToken) => HiddenInput.AskAsync(
        run, $"Token for {server} (it is not shown): ", LengthMax, "Pipe it in: strata login URL < token.txt", cancellationToken);

    /// <summary>Of no more than a token can have: what is piped in may have no end.</summary>
    private static string ReadLine(TextReader from)
    {
        var text = new StringBuilder();
        while (text.Length <= LengthMax && from.Read() is var next and >= 0 && next != '\n') text.Append((char)next);
        return text.ToString();
    }
}
