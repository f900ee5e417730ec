using System.Data.Common;
using System.Net.Http;
using System.Net.Sockets;

namespace Strata.Core;

/// <summary>What a user is shown of a failure. The names and texts of .NET's own exceptions mean nothing outside the program.</summary>
public static class FailureText
{
    private const string Unexpected = "an unexpected error; the server's log has the details";

    /// <summary>
    /// An error of Strata's with its code, what the operating system, the network or the database said, or that it was unexpected.
    /// </summary>
    public static string Of(Exception exception) => exception switch
    {
        StrataException known => $"{known.Error.Code}: {known.Error.Message}",
        IOException or UnauthorizedAccessException or SocketException or HttpRequestException or TimeoutException or DbException =>
            exception.Message.TrimEnd('.'),
        _ => Unexpected,
    };
}
