using System.Text.Json;

namespace Strata.CloudEvents.Requests;

/// <summary>One part of an answer: the members behind its head.</summary>
internal delegate void AnswerPart(Utf8JsonWriter json);

/// <summary>How a type of event is answered.</summary>
/// <param name="Type">Of the request.</param>
/// <param name="AnswerType">Of each answer.</param>
/// <param name="IsStream">There may be any number of answers; otherwise exactly one.</param>
internal sealed record RequestHandler(string Type, string AnswerType, bool IsStream, Func<RequestCall, IAsyncEnumerable<AnswerPart>> Handle)
{
    public static RequestHandler One(string type, string answerType, Func<RequestCall, Task<AnswerPart>> handle) =>
        new(type, answerType, false, call => Single(handle(call)));

    public static RequestHandler Many(string type, string answerType, Func<RequestCall, IAsyncEnumerable<AnswerPart>> handle) =>
        new(type, answerType, true, handle);

    private static async IAsyncEnumerable<AnswerPart> Single(Task<AnswerPart> part)
    {
        yield return await part;
    }
}
