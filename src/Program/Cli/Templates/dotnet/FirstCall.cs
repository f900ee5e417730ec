using Strata.Client;
using Strata.Core;

/// <summary>Creates a letter. Its workflow calls the member, which has to run: strata dev</summary>
internal static class FirstCall
{
    private const string Model = "$name$-letter";

    public static async Task RunAsync(StrataClient strata, string name)
    {
        await PrepareAsync(strata);
        var letters = strata.Entities<Letter>(Model);
        var id = await letters.CreateAsync(new Letter(name));
        var letter = await letters.GetAsync(id);
        Console.WriteLine($"{letter.Meta.State}: {letter.Data.Text}");
    }

    /// <summary>The model, learnt from sample.json, with the workflow of workflow.json.</summary>
    private static async Task PrepareAsync(StrataClient strata)
    {
        try
        {
            await SendAsync(strata, HttpMethod.Post, $"/api/model/import/JSON/SAMPLE_DATA/{Model}/1", "sample.json");
            await SendAsync(strata, HttpMethod.Put, $"/api/model/{Model}/1/lock", file: null);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Conflict)
        {
            // It exists and is locked.
        }
        await SendAsync(strata, HttpMethod.Post, $"/api/model/{Model}/1/workflow/import", "workflow.json");
    }

    private static async Task SendAsync(StrataClient strata, HttpMethod method, string path, string? file)
    {
        var body = file is null ? null : await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, file));
        await strata.SendAsync(new ApiRequest(method, path) { Body = body });
    }
}
